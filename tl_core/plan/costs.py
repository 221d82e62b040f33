"""The costs of the phases of a run: parameters, cached features, time.

Time is an estimate from counted multiply-adds and speeds measured on one machine: within a factor of two
on similar CPUs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from tl_core.backbones import BlockFacts, facts
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import OptimizerSpec
from tl_core.experiment.steps import steps_per_epoch
from tl_core.metrics import TRAIN_EVAL_IMAGES
from tl_core.plan.throughput import cores, forward_seconds, training_seconds
from tl_core.results.lr_range_test import FEWEST_IMAGES, FEWEST_STEPS

DECODED = 120
"""Photos of 400 x 600 pixels decoded and resized per second and core."""

BEGINNING_AND_END = 1.5
"""Seconds to build the network, compile its steps, export and report."""

EPOCH = 0.016
"""Seconds of an epoch besides what follows: its line, outputs, manifest and state, synced to disk, and calls that do not grow with the images."""

MEASURED = 5e-5
"""Seconds to evaluate a head on one image and compute its metrics."""

RECORDED = 200e6
"""Bytes per second of a checkpoint, written, synced and hashed after every epoch (a solid-state disk)."""

HEAD_STEP, STORED_STEP = 0.0012, 0.0004
"""Seconds of a single step of a small head on cached features, and of one of many per call."""


@dataclass(frozen=True)
class BlockPlan:
    """One block of the network in the last phase.

    Attributes:
        parameters: Number of parameters, including batch statistics.
        trainable: Number of trainable parameters.
        shape: Height, width and channels of its output.
    """

    name: str
    parameters: int
    trainable: int
    shape: tuple[int, int, int]

    @property
    def trains(self) -> bool:
        return self.trainable > 0


@dataclass(frozen=True)
class PhasePlan:
    """One phase.

    Attributes:
        cached: Whether training reads cached features.
        stored: Whether all of them are in the cache already.
        reason: Why features are cached or not, as a sentence.
        feature_bytes: Size of the features still to be written, for all images, including unused ones.
        read_bytes: Size of the features that are read.
        seconds_before: The part of `seconds` in which features are computed, before the first epoch.
    """

    phase: Phase
    trainable: int
    cached: bool
    stored: bool
    reason: str
    feature_bytes: int
    read_bytes: int
    seconds: float
    seconds_before: float


def blocks(experiment: Experiment) -> tuple[BlockPlan, ...]:
    """The used blocks, from the input, with their trainable parameters in the last phase."""
    thawed = experiment.above(experiment.frozen)
    return tuple(
        BlockPlan(
            block.name,
            block.parameters,
            _learned(experiment, block) if block.name in thawed else 0,
            (*block.size_at(experiment.image_size), block.channels),
        )
        for block in experiment.facts
    )


def _learned(experiment: Experiment, block: BlockFacts) -> int:
    """The trainable parameters of a thawed block."""
    learned = block.parameters - block.statistics
    normalises = experiment.spec.train.update_batch_norm or block.name in experiment.random_blocks
    return learned if normalises else learned - block.normalisation


def head_parameters(experiment: Experiment, classes: int) -> int:
    """The parameters of the head."""
    return head_trainable(experiment, classes) + projection_parameters(experiment) + 2 * _normalised(experiment)


def projection_parameters(experiment: Experiment) -> int:
    """The parameters of the fixed random layer of the head; 0 if it has none."""
    row, units = experiment.spec.head.solver, experiment.spec.head.projection_units
    return (experiment.feature_channels + 1) * units if row and row.projects else 0


def head_trainable(experiment: Experiment, classes: int) -> int:
    """Weights and biases of the head, and the scales and shifts of its batch normalisation."""
    head = experiment.spec.head
    fixed = projection_parameters(experiment)
    below = (head.projection_units,) if fixed else (experiment.feature_channels, *head.hidden)
    widths = (*below, head.units(classes))
    return sum(below * above + above for below, above in pairwise(widths)) + 2 * _normalised(experiment)


def _normalised(experiment: Experiment) -> int:
    """Channels of batch normalisation in the head; each has four parameters, two of them trainable."""
    head = experiment.spec.head
    return sum((experiment.feature_channels, *head.hidden)) if head.batch_norm else 0


def copies(optimizer: OptimizerSpec) -> int:
    """Values per trained weight in a checkpoint: itself, its optimiser state, its moving average."""
    moments = {"sgd": int(optimizer.momentum > 0), "rmsprop": 1}.get(optimizer.name, 2)
    return 1 + moments + int(optimizer.ema > 0)


def phase_plan(phase: Phase, images: dict[str, int], classes: int, missing: int | None = None) -> PhasePlan:
    """The plan of a phase.

    Args:
        images: Number of images by part.
        missing: Number of images without cached features, including unused images; by default all
            in `images`. Augmented views always count as missing.
    """
    thawed = sum(_learned(phase.experiment, block) for block in split(phase)[1])
    trainable = thawed + head_trainable(phase.experiment, classes)
    everything = sum(images.values())
    absent = everything if missing is None else missing
    new = _computed(phase, images, absent)
    each = _floats_at(phase) * number_bytes(phase.experiment) if phase.stores_features else 0
    stored = phase.stores_features and not new
    return PhasePlan(
        phase=phase,
        trainable=trainable,
        cached=phase.trains_from_features,
        stored=stored,
        reason=_reason(phase, stored),
        feature_bytes=each * new + _of_blocks(phase) * absent,
        read_bytes=each * _computed(phase, images, everything),
        seconds=_feature_seconds(phase, new) + _learning_seconds(phase, images) + _recording_seconds(phase, trainable),
        seconds_before=_feature_seconds(phase, new),
    )


def number_bytes(experiment: Experiment) -> int:
    """Bytes per value of cached features."""
    return 2 if experiment.spec.train.feature_storage == "float16" else 4


def _computed(phase: Phase, images: dict[str, int], missing: int) -> int:
    """Number of images, counting augmented versions, whose features a phase computes and caches."""
    return images["train"] * phase.stored_views + missing if phase.stores_features else 0


def split(phase: Phase) -> tuple[tuple[BlockFacts, ...], tuple[BlockFacts, ...]]:
    """The used blocks of a phase: frozen ones, and those above."""
    used = phase.experiment.facts
    depth = len(used) - len(phase.thawed)
    return used[:depth], used[depth:]


def _floats_at(phase: Phase) -> int:
    """Number of values per image at the cut."""
    if phase.frozen == phase.experiment.top:
        return phase.experiment.feature_channels
    return outputs(phase.experiment, split(phase)[0][-1])


def _of_blocks(phase: Phase) -> int:
    """Bytes per image of the features that are cached block by block before they are joined, of every block: docs/caches.md."""
    experiment = phase.experiment
    if phase.frozen != experiment.top or not experiment.joins_features or not phase.stores_features:
        return 0
    copies = 3 if experiment.spec.backbone.mirror else 1  # Of the image, of its mirror image, their mean.
    return 4 * copies * sum(block.channels for block in facts(experiment.backbone.name).blocks)


def _reason(phase: Phase, stored: bool) -> str:
    if phase.frozen is None:
        return "Every layer trains, so there are no fixed features to cache."
    if phase.spec.train.feature_cache == "off":
        return "train.feature_cache is off: features are computed again in every epoch."
    if views := phase.stored_views:
        said = "One augmented version" if views == 1 else f"{views} augmented versions"
        return f"{said} of each training image are computed once, stored, and used in turn, epoch by epoch."
    if phase.spec.augment:
        return "Augmented images differ in every epoch, so their features are computed again; those of validation images are stored."
    if stored:
        return "The features of all images are stored already: nothing to compute."
    return "Features are the same in every epoch, so they are computed once and stored."


def _feature_seconds(phase: Phase, images: int) -> float:
    """Estimated seconds to compute features of a number of images."""
    return _seconds(phase).frozen * images


def _learning_seconds(phase: Phase, images: dict[str, int]) -> float:
    """Estimated seconds of the epochs of a phase."""
    each, train = _seconds(phase), images["train"]
    measured = images["validation"] + min(train, TRAIN_EVAL_IMAGES)
    frozen: float = 0 if phase.trains_from_features else train
    frozen += 0 if phase.stores_features else measured
    computed = each.frozen * frozen + each.evaluated * measured + each.trained * train
    steps = steps_per_epoch(phase.spec, train) * phase.epochs
    step = STORED_STEP if phase.trains_from_features and not phase.spec.augment else HEAD_STEP
    return steps * step + phase.epochs * (computed + EPOCH + measured * MEASURED)


def _recording_seconds(phase: Phase, trainable: int) -> float:
    """Estimated seconds to write the checkpoints of a phase: one after every epoch, however many are kept."""
    return phase.epochs * 4 * trainable * copies(phase.spec.optimizer) / RECORDED


def range_test_seconds(phase: Phase) -> float:
    """Estimated seconds of the smallest learning-rate range test of a phase: features of few images, then few steps."""
    each, size = _seconds(phase), phase.spec.train.batch_size
    recomputed = size * FEWEST_STEPS if phase.spec.augment else 0
    computed = max(FEWEST_IMAGES[0], size) + FEWEST_IMAGES[1] + recomputed
    return each.frozen * computed + FEWEST_STEPS * (each.trained * size + HEAD_STEP)


@dataclass(frozen=True)
class _Seconds:
    """Of an image: in the frozen blocks, and forwards and in a training step in those that train."""

    frozen: float
    evaluated: float
    trained: float


def _seconds(phase: Phase) -> _Seconds:
    size, passes = phase.experiment.image_size, phase.experiment.passes
    below, above = split(phase)
    return _Seconds(
        passes * forward_seconds(below, size),
        passes * forward_seconds(above, size),
        passes * training_seconds(above, size),
    )


def decoding_seconds(images: int) -> float:
    """Estimated seconds to decode a number of photos."""
    return images / DECODED / cores()


def outputs(experiment: Experiment, block: BlockFacts) -> int:
    """Number of output values of a block per image."""
    return math.prod(block.size_at(experiment.image_size)) * block.channels
