"""The plan of a run."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_core.data.dataset import ImageDataset
from tl_core.data.pixels import bytes_needed, is_cached
from tl_core.data.prepare import listed, split_of
from tl_core.data.remarks import remarks
from tl_core.data.split import Split
from tl_core.errors import BadInput, Problem
from tl_core.phases import Phase, phases
from tl_core.plan.costs import (
    BlockPlan,
    PhasePlan,
    blocks,
    checkpoint_bytes,
    decoding_seconds,
    feature_seconds,
    head_parameters,
    memory_bytes,
    phase_plan,
)
from tl_core.plan.problems import data_problems, spec_problems, start_problems
from tl_core.plan.remarks import spec_remarks, start_remarks
from tl_core.plan.techniques import Technique, techniques
from tl_core.spec import ExperimentSpec
from tl_core.store import cache_folder


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        problems: What has to change before it can start; empty where it can.
        remarks: What a person should know of the data though nothing is wrong enough to stop a run.
        images: How many images there are by part, before any is found unreadable; empty where the data cannot be used.
        head_parameters: All numbers of the head; all train but the statistics of its batch normalisation.
        techniques: What is done against overfitting and how the weights learn, each with where it acts.
        disk_bytes: What pixels, features, checkpoints and export take at most.
        memory_bytes, seconds: Estimates; see `costs`.
        seconds_before: The part of `seconds` that passes before the first epoch.
    """

    problems: tuple[Problem, ...]
    classes: int = 0
    images: dict[str, int] | None = None
    skipped: int = 0
    remarks: tuple[str, ...] = ()
    phases: tuple[PhasePlan, ...] = ()
    blocks: tuple[BlockPlan, ...] = ()
    techniques: tuple[Technique, ...] = ()
    head_parameters: int = 0
    disk_bytes: int = 0
    memory_bytes: int = 0
    seconds: float = 0.0
    seconds_before: float = 0.0

    @property
    def parameters(self) -> int:
        """All numbers of the network, head included."""
        return sum(block.parameters for block in self.blocks) + self.head_parameters

    @property
    def trainable(self) -> int:
        """The weights that train in the last phase."""
        return self.phases[-1].trainable if self.phases else 0

    @property
    def head_trainable(self) -> int:
        """Those of them that are the head's."""
        return self.trainable - sum(block.trainable for block in self.blocks)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON values; the settings of a phase are those of the spec."""
        phases = [{**vars(plan), "phase": _without_spec(plan.phase)} for plan in self.phases]
        parts = {name: list(map(asdict, getattr(self, name))) for name in ("problems", "blocks", "techniques")}
        whole = {"parameters": self.parameters, "trainable": self.trainable}
        return {**vars(self), **parts, "phases": phases, **whole}


def _without_spec(phase: Phase) -> dict[str, Any]:
    return {name: value for name, value in vars(phase).items() if name != "spec"}


def plan(spec: ExperimentSpec, models: Path, dataset: ImageDataset | None = None) -> Plan:
    """The plan of a spec; what is wrong is in its `problems`, never raised.

    Args:
        dataset: The listed data, where the caller has them; otherwise they are listed now.
    """
    unfit = start_problems(spec, models)
    found = (*spec_problems(spec), *unfit)
    try:
        dataset = dataset or listed(spec.data)
        split = split_of(spec.data, dataset)
    except BadInput as error:
        return Plan((*found, *error.problems))
    found = (*found, *data_problems(spec, dataset, split))
    if any(problem.path == "train.stages" for problem in found):  # There are no phases then.
        return Plan(found)
    # Of a parent that is not there, or cannot be read, nothing more is to be said.
    told = () if unfit else start_remarks(spec, models)
    return _costed(spec, models, dataset, split, found, told)


def _costed(
    spec: ExperimentSpec,
    models: Path,
    dataset: ImageDataset,
    split: Split,
    found: tuple[Problem, ...],
    told: tuple[str, ...],
) -> Plan:
    images = {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
    classes, size = len(dataset.class_names), spec.image_size
    made = phases(spec)
    phase_plans = tuple(phase_plan(spec, phase, images, classes) for phase in made)
    decoded = is_cached(dataset, size, cache_folder(models))
    pixels = 0 if decoded else bytes_needed(len(dataset.items), size)
    decoding = 0 if decoded else decoding_seconds(len(dataset.items))
    features = sum(plan.feature_bytes for plan in phase_plans)
    disk = pixels + features + checkpoint_bytes(spec, phase_plans)
    short, uncached = _disk_short(models, disk, features)
    return Plan(
        problems=(*found, *short),
        classes=classes,
        images=images,
        skipped=len(dataset.skipped),
        remarks=(*remarks(dataset, split), *spec_remarks(spec, made), *uncached, *told),
        phases=phase_plans,
        blocks=blocks(spec),
        techniques=techniques(spec, made),
        head_parameters=head_parameters(spec, classes),
        disk_bytes=disk,
        memory_bytes=memory_bytes(spec, phase_plans),
        seconds=sum(plan.seconds for plan in phase_plans) + decoding,
        seconds_before=decoding + feature_seconds(spec, phase_plans[0].phase, images),
    )


def _disk_short(models: Path, needed: int, features: int) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """What to say where the disk is too small: a problem, or a remark where it is the features alone that do not fit."""
    there = next(folder for folder in (models, *models.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed < free:
        return (), ()
    if needed - features < free:
        said = f"{features / 1e9:.1f} GB of features do not fit on the disk, which has {free / 1e9:.1f} GB free"
        return (), (f"{said}: where nothing older can be removed they are computed in every epoch, which is slow.",)
    message = f"needs {needed / 1e9:.1f} GB of disk; {there} has {free / 1e9:.1f} GB free"
    return (Problem("data.image_size", message, "Free some space, or lower data.image_size."),), ()
