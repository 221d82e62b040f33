"""Memory and disk needs of a run, with problems and warnings if there is too little. Memory is an estimate."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tl_core.cache.eviction import SETTING, limit
from tl_core.data.dataset import PARTS
from tl_core.errors import BadInput, Problem
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.metrics import TRAIN_EVAL_IMAGES
from tl_core.plan.costs import PhasePlan, copies, outputs, phase_plan, projection_parameters, split
from tl_core.store import EVALUATED_SPLITS, Run, read_spec, read_state
from tl_core.store.output_file import FILES, output_bytes
from tl_core.text import data_size, data_sizes, joined

Said = tuple[tuple[Problem, ...], tuple[str, ...]]
"""Problems, and warnings."""


def memory_bytes(experiment: Experiment, phase_plans: tuple[PhasePlan, ...]) -> int:
    """Estimated memory of training: weights, gradients, optimiser state, activations of a batch, cached features."""
    used, spec = experiment.facts, experiment.spec
    trained = copies(spec.optimizer) * max(plan.trainable for plan in phase_plans)
    weights = 4 * (sum(block.parameters for block in used) + trained)
    half = spec.optimizer.precision != "float32"
    activations = max(_activations(plan.phase) for plan in phase_plans) // (2 if half else 1)
    one_batch = experiment.passes * max(outputs(experiment, block) for block in used) * 4 * 16
    kept = max(plan.read_bytes for plan in phase_plans) * (2 if spec.train.feature_storage == "float16" else 1)
    return weights + activations + one_batch + kept


def _activations(phase: Phase) -> int:
    """Activations of the thawed blocks kept for the gradient: about eight times their outputs."""
    return sum(outputs(phase.experiment, block) for block in split(phase)[1]) * 4 * 8 * phase.spec.train.batch_size


@dataclass(frozen=True)
class DiskNeeds:
    """Bytes that a run writes: decoded images, features, checkpoints with the export, and outputs.

    Attributes:
        outputs: Of every evaluated image after every epoch.
        few_checkpoints: With the least `train.keep_checkpoints`: of the best epoch, the latest, and those of `train.checkpoint_every`.
    """

    pixels: int
    features: int
    checkpoints: int
    few_checkpoints: int
    outputs: int

    @property
    def total(self) -> int:
        return self.pixels + self.features + self.checkpoints + self.outputs


def disk_needs(
    experiment: Experiment, phase_plans: tuple[PhasePlan, ...], images: Mapping[str, int], pixels: int
) -> DiskNeeds:
    """What a run needs.

    Args:
        images: Number of images by part.
        pixels: Bytes of the images that are still to be decoded.
    """
    train = experiment.spec.train
    trained = max(plan.trainable for plan in phase_plans) * copies(experiment.spec.optimizer)
    largest = 4 * (trained + projection_parameters(experiment))
    epochs = sum(plan.phase.epochs for plan in phase_plans)
    spaced = epochs // (train.checkpoint_every or epochs + 1)
    kept = min(epochs, train.keep_checkpoints + 1 + spaced)
    network = sum(block.parameters for block in experiment.facts) * 4
    features = sum(plan.feature_bytes for plan in phase_plans)
    evaluated = (images["validation"], min(images["train"], TRAIN_EVAL_IMAGES))
    return DiskNeeds(
        pixels,
        features,
        largest * max(kept, 1) + network,
        largest * min(epochs, 2 + spaced) + network,
        sum(output_bytes(number, epochs) for number in evaluated),
    )


def disk_short(experiment: Experiment, models: Path, needs: DiskNeeds) -> Said:
    """A problem if the disk is too small, or a warning if only the features do not fit."""
    there = next(folder for folder in (models, *models.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needs.total < free:
        return (), ()
    if needs.total - needs.features < free:
        features, has = data_sizes(needs.features, free)
        said = f"{features} of features do not fit on the disk, which has {has} free"
        return (), (
            f"{said}: if no older entries can be removed, features are computed in every epoch, which is slow.",
        )
    needed, has, missing = data_sizes(needs.total, free, needs.total - free)
    ways = _ways(experiment, needs, free)
    remedy = joined([f"Free {missing}", *(f"lower {path}" for path in ways)], "or")
    return (Problem(next(iter(ways), "models"), f"needs {needed} of disk; {there} has {has} free", f"{remedy}."),), ()


def _ways(experiment: Experiment, needs: DiskNeeds, free: int) -> tuple[str, ...]:
    """Settings of which a lower value is enough; features alone only slow a run down."""
    smallest = (experiment.backbone.minimum_size / experiment.image_size) ** 2
    least = {
        "data.image_size": needs.pixels * smallest + needs.checkpoints + needs.outputs,
        "train.keep_checkpoints": needs.pixels + needs.few_checkpoints + needs.outputs,
    }
    return tuple(path for path, needed in least.items() if needed < free)


def full_disk(run: Run) -> str:
    """Why a run ended whose disk is full: what it still needs, what is free, what is missing."""
    free = shutil.disk_usage(run.folder).free
    needed = _still_needed(run)
    if needed is None or needed <= free:
        return f"The disk is full: it has {data_size(free)} free."
    needs, has, missing = data_sizes(needed, free, needed - free)
    return f"The disk is full: it has {has} free, and the run needs about {needs} more for checkpoints, outputs and export. {missing} is missing."


def _still_needed(run: Run) -> int | None:
    """Bytes of the checkpoints, the export and the outputs that a run has not written yet; None if its spec or its data are not known."""
    state, experiment = read_state(run), _experiment(run)
    if experiment is None or not state.images or not state.classes:
        return None
    images: dict[str, int] = {part: state.images.get(part, 0) for part in PARTS}
    plans = tuple(phase_plan(phase, images, state.classes, 0) for phase in experiment.phases)
    kept = [file for folder in (run.checkpoints, run.export) for file in folder.glob("*")]
    outputs = [file for split in EVALUATED_SPLITS if (file := run.folder / FILES[split]).exists()]
    needs = disk_needs(experiment, plans, images, 0)
    return max(needs.checkpoints + needs.outputs - sum(file.stat().st_size for file in (*kept, *outputs)), 0)


def _experiment(run: Run) -> Experiment | None:
    try:
        return resolve(read_spec(run))
    except BadInput:
        return None


def less_memory(run: Run) -> str:
    """What makes a run need less memory, as the end of a sentence."""
    experiment = _experiment(run)
    if experiment is None:
        return "close other programs"
    lower = {
        "train.batch_size": experiment.spec.train.batch_size > 1,
        "data.image_size": experiment.image_size > experiment.backbone.minimum_size,
    }
    ways = [f"lower {joined(paths, 'or')}"] if (paths := [path for path, possible in lower.items() if possible]) else []
    if any(phase.backbone_rate is not None for phase in experiment.phases):
        ways.append("freeze more of the backbone")
    return joined([*ways, "close other programs"], "or")


def budget_short(pixels: int, phase_plans: tuple[PhasePlan, ...]) -> Said:
    """A problem if `TL_CACHE_GB` is invalid, a warning if it has no room for features besides the pixels.

    Other entries are removed for them, but not the pixels of the run.
    """
    try:
        allowed = limit()
    except BadInput as error:
        return error.problems, ()
    needed = max((max(plan.feature_bytes, plan.read_bytes) for plan in phase_plans if plan.feature_bytes), default=0)
    if allowed is None or not needed or pixels + needed <= allowed:
        return (), ()
    said = f"{data_size(needed)} of features and {data_size(pixels)} of decoded images are more than the {data_size(allowed)} of {SETTING}"
    return (), (f"{said}: features that do not fit are computed in every epoch, which is slow.",)
