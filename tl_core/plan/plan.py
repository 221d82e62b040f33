"""The plan of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_core.data.dataset import ImageDataset
from tl_core.data.pixels import bytes_needed, is_cached, key_of
from tl_core.data.prepare import listed, split_of, split_warnings
from tl_core.data.split import Split
from tl_core.errors import BadInput, Problem
from tl_core.experiment.phases import Phase, phases
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan.costs import (
    BEGINNING_AND_END,
    BlockPlan,
    PhasePlan,
    blocks,
    decoding_seconds,
    head_parameters,
    phase_plan,
)
from tl_core.plan.problems import data_problems, spec_problems, start_problems
from tl_core.plan.resources import budget_short, checkpoint_bytes, disk_short, memory_bytes
from tl_core.plan.stored import is_stored
from tl_core.plan.techniques import Technique, techniques
from tl_core.plan.warnings import spec_warnings, start_warnings
from tl_core.store import cache_folder


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        problems: What has to change before it can start; empty where it can.
        warnings: What makes metrics unreliable, without preventing the run.
        images: How many images there are by part, before any is found unreadable; empty where the data cannot be used.
        head_parameters: All numbers of the head; all train but the statistics of its batch normalisation.
        techniques: What is done against overfitting and how the weights learn, each with where it acts.
        disk_bytes: What pixels, features, checkpoints and export take at most, but for what is there already.
        memory_bytes, seconds: Estimates; see `room` and `costs`.
        seconds_decoding: The part of `seconds` in which images are decoded; 0 where they are.
        seconds_before: The part that passes before the first epoch.
    """

    problems: tuple[Problem, ...]
    classes: int = 0
    images: dict[str, int] | None = None
    skipped: int = 0
    warnings: tuple[str, ...] = ()
    phases: tuple[PhasePlan, ...] = ()
    blocks: tuple[BlockPlan, ...] = ()
    techniques: tuple[Technique, ...] = ()
    head_parameters: int = 0
    disk_bytes: int = 0
    memory_bytes: int = 0
    seconds: float = 0.0
    seconds_decoding: float = 0.0
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
    told = () if unfit else start_warnings(spec, models)
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
    classes, size, cache = len(dataset.class_names), spec.image_size, cache_folder(models)
    made, key = phases(spec), key_of(dataset, size)
    missing = [0 if is_stored(spec, phase, key, cache) else len(dataset.items) for phase in made]
    phase_plans = tuple(phase_plan(spec, phase, images, classes, new) for phase, new in zip(made, missing, strict=True))
    pixels, decoded = bytes_needed(len(dataset.items), size), is_cached(dataset, size, cache)
    decoding = 0 if decoded else decoding_seconds(len(dataset.items))
    features = sum(plan.feature_bytes for plan in phase_plans)
    disk = (0 if decoded else pixels) + features + checkpoint_bytes(spec, phase_plans)
    short, uncached = disk_short(models, disk, features)
    wrong, refused = budget_short(pixels, phase_plans)
    return Plan(
        problems=(*found, *short, *wrong),
        classes=classes,
        images=images,
        skipped=len(dataset.skipped),
        warnings=(*split_warnings(dataset, split), *spec_warnings(spec, made), *(refused or uncached), *told),
        phases=phase_plans,
        blocks=blocks(spec),
        techniques=techniques(spec, made),
        head_parameters=head_parameters(spec, classes),
        disk_bytes=disk,
        memory_bytes=memory_bytes(spec, phase_plans),
        seconds=BEGINNING_AND_END + decoding + sum(plan.seconds for plan in phase_plans),
        seconds_decoding=decoding,
        seconds_before=decoding + phase_plans[0].seconds_before,
    )
