"""The plan of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tl_core.backbones import weights
from tl_core.cache import feature_keys
from tl_core.cache.arrays import is_built
from tl_core.comparison import TYPICAL_DISAGREEMENT, smallest_difference
from tl_core.data import pixels
from tl_core.data.dataset import FolderLayout, ImageDataset, used_layout
from tl_core.data.missing import Missing, missing, unaccepted
from tl_core.data.prepare import data_warnings, known_readable, listed, sample_warnings, split_of
from tl_core.data.skipped import Skipped
from tl_core.data.split import ClassImages, Split, class_images
from tl_core.devices import devices
from tl_core.errors import BadInput, Problem
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
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
from tl_core.plan.resources import budget_short, disk_needs, disk_short, memory_bytes
from tl_core.plan.setting_warnings import spec_warnings, start_warnings
from tl_core.plan.techniques import Technique, techniques
from tl_core.store import cache_folder


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        problems: What to change before it can start; empty if it can.
        warnings: What makes metrics unreliable, without preventing the run.
        images: Number of images by part, including unreadable ones not known yet; empty if the data cannot be used.
        class_images: The same by class.
        layout: How the folders were read, in parts with images; None if the source is no folder.
        skipped: Files and folders that are left out, as far as known before the images are decoded.
        missing: Parts and classes that are missing because of that, accepted or not.
        head_parameters: Parameters of the head; all trainable except the statistics of its batch normalisation.
        techniques: Regularisation and optimisation techniques, with the layers they act on.
        disk_bytes: Maximum size of pixels, features, checkpoints and export, except what exists already.
        memory_bytes, seconds: Estimates; see `resources` and `costs`.
        seconds_decoding: The part of `seconds` in which images are decoded; 0 if they are cached.
        seconds_before: The part before the first epoch.
    """

    problems: tuple[Problem, ...]
    classes: int = 0
    images: dict[str, int] | None = None
    class_images: tuple[ClassImages, ...] = ()
    layout: FolderLayout | None = None
    skipped: tuple[Skipped, ...] = ()
    missing: tuple[Missing, ...] = ()
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
        """The parameters of the network, including the head."""
        return sum(block.parameters for block in self.blocks) + self.head_parameters

    @property
    def trainable(self) -> int:
        """The trainable parameters of the last phase."""
        return self.phases[-1].trainable if self.phases else 0

    @property
    def head_trainable(self) -> int:
        """The trainable parameters of the head."""
        return self.trainable - sum(block.trainable for block in self.blocks)

    @property
    def smallest_difference(self) -> float | None:
        """The smallest difference in accuracy between two runs that the validation images can show; None if there are none.

        With 80 % power, for runs that disagree as two typically do.
        """
        images = (self.images or {}).get("validation", 0)
        return smallest_difference(images, TYPICAL_DISAGREEMENT) if images else None

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON values; the settings of a phase are those of the spec."""
        phases = [{**vars(plan), "phase": _phase_json(plan.phase)} for plan in self.phases]
        tables = ("problems", "class_images", "missing", "blocks", "techniques")
        parts = {name: list(map(asdict, getattr(self, name))) for name in tables}
        parts["skipped"] = [item.to_json() for item in self.skipped]
        layout = self.layout.to_json() if self.layout else None
        whole = {
            "layout": layout,
            "parameters": self.parameters,
            "trainable": self.trainable,
            "smallest_difference": self.smallest_difference,
        }
        return {**vars(self), **parts, "phases": phases, **whole}


def _phase_json(phase: Phase) -> dict[str, Any]:
    others = {name: value for name, value in vars(phase).items() if name not in ("label", "experiment")}
    return {"name": phase.title, **asdict(phase.label), **others}


def plan(experiment: Experiment, models: Path, dataset: ImageDataset | None = None) -> Plan:
    """The plan of an experiment; what is wrong is in its `problems`, never raised.

    Args:
        dataset: The listed data, if available; otherwise they are listed now.
    """
    unfit, data = start_problems(experiment, models), experiment.spec.data
    found = (*spec_problems(experiment), *unfit)
    try:
        whole = dataset or listed(data)  # Keeps its sample of grey values for the next plan.
        dataset = known_readable(whole, experiment.image_size, cache_folder(models))
    except BadInput as error:
        return Plan((*found, *error.problems))
    found = (*found, *unaccepted(dataset, data.accept_missing))
    try:
        split = split_of(data, dataset)
    except BadInput as error:
        seen = Plan((*found, *error.problems), layout=used_layout(dataset), skipped=dataset.skipped)
        return replace(seen, missing=missing(dataset))
    found = (*found, *data_problems(experiment.spec, dataset, split))
    if any(problem.path == "train.stages" for problem in found):  # There are no phases then.
        return Plan(found)
    # Nothing more to report about a parent that is missing or unreadable.
    told = (*sample_warnings(whole), *(() if unfit else start_warnings(experiment, models)))
    return _costed(experiment, models, dataset, split, found, told)


def _costed(
    experiment: Experiment,
    models: Path,
    dataset: ImageDataset,
    split: Split,
    found: tuple[Problem, ...],
    told: tuple[str, ...],
) -> Plan:
    images = split.sizes
    classes, size, cache = len(dataset.class_names), experiment.image_size, cache_folder(models)
    key, all_images = pixels.key_of(dataset, size), len(dataset.items)
    phase_plans = tuple(
        phase_plan(phase, images, classes, 0 if is_stored(phase, key, cache) else all_images)
        for phase in experiment.phases
    )
    pixel_bytes, decoded = pixels.bytes_needed(all_images, size), pixels.is_cached(dataset, size, cache)
    decoding = 0 if decoded else decoding_seconds(all_images)
    needs = disk_needs(experiment, phase_plans, images, 0 if decoded else pixel_bytes)
    short, uncached = disk_short(experiment, models, needs)
    wrong, refused = budget_short(pixel_bytes, phase_plans)
    return Plan(
        problems=(*found, *short, *wrong),
        classes=classes,
        images=images,
        class_images=class_images(dataset, split),
        layout=used_layout(dataset),
        skipped=dataset.skipped,
        missing=missing(dataset),
        warnings=(
            *data_warnings(experiment.spec.data, dataset, split),
            *spec_warnings(experiment),
            *(refused or uncached),
            *told,
        ),
        phases=phase_plans,
        blocks=blocks(experiment),
        techniques=techniques(experiment),
        head_parameters=head_parameters(experiment, classes),
        disk_bytes=needs.total,
        memory_bytes=memory_bytes(experiment, phase_plans),
        seconds=BEGINNING_AND_END + decoding + sum(plan.seconds for plan in phase_plans),
        seconds_decoding=decoding,
        seconds_before=decoding + phase_plans[0].seconds_before,
    )


def is_stored(phase: Phase, pixels: str, cache: Path) -> bool:
    """True if the features of all unaugmented images are cached for a phase.

    False if their key is unknown without the engine: for a fork, whose parent may have trained frozen layers; for int8,
    whose key includes its sample images; on a GPU.

    Args:
        pixels: The key of the images' pixels.
    """
    key = _feature_key(phase, pixels)
    if key is None or not is_built(feature_keys.folder_of(cache, key, phase.spec.train.feature_storage)):
        return False
    return devices()[0].name == "cpu"  # Checked last: it asks the driver of a GPU, which takes a while.


def _feature_key(phase: Phase, pixels: str) -> tuple[object, ...] | None:
    experiment, precision = phase.experiment, phase.spec.train.prefix_precision
    if phase.frozen is None or not phase.stores_features or phase.spec.start.run or precision == "int8":
        return None
    if weights.problems(experiment.backbone, phase.spec.backbone.weights):  # Those have no identity.
        return None
    identity = experiment.feature_identity(phase.frozen, "CPU")
    return feature_keys.key_of(pixels, identity, feature_keys.arithmetic_of(precision))
