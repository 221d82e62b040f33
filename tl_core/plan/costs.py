"""What the phases of a run cost: weights, stored features, memory, disk, time.

Time and memory are estimates, made from counted multiply-adds and from speeds measured on one machine: right within a factor of two
on processors like it.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from itertools import pairwise

from tl_core.backbones import BACKBONES, BlockFacts, facts
from tl_core.backbones.freezing import thawed_cuts, used_cuts
from tl_core.phases import Phase, trains_from_features, validates_from_features
from tl_core.spec import ExperimentSpec

FORWARD_MACS = 25e9
"""Multiply-adds a second and core through a frozen network in OpenVINO (EfficientNet-Lite0 at 224 pixels: about 65 images/s)."""

TRAINING_MACS = 8e9
"""The same for a training step in TensorFlow, which takes about three times a forward pass's multiply-adds."""

DECODED = 120
"""Photos of 400 x 600 pixels decoded and resized a second and core."""

HEAD_STEP, STORED_STEP = 0.0012, 0.0004
"""Seconds of one step of a small head, and of one of many that are taken at once, on stored features."""


@dataclass(frozen=True)
class BlockPlan:
    """One block of the network in the last phase.

    Attributes:
        parameters: All its numbers, batch statistics included.
        trainable: How many of them training moves.
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
        cached: Whether training reads stored features.
        reason: Why, in a sentence.
        feature_bytes: What the stored features take.
    """

    phase: Phase
    trainable: int
    cached: bool
    reason: str
    feature_bytes: int
    seconds: float


def blocks(spec: ExperimentSpec) -> tuple[BlockPlan, ...]:
    """The blocks that are used, from the input, with what trains of them in the last phase."""
    thawed = thawed_cuts(BACKBONES[spec.backbone.name], spec.backbone.freeze, spec.backbone.output)
    return tuple(
        BlockPlan(
            block.name,
            block.parameters,
            _learned(spec, block) if block.name in thawed else 0,
            (*block.size_at(spec.image_size), block.channels),
        )
        for block in used_blocks(spec)
    )


def used_blocks(spec: ExperimentSpec) -> tuple[BlockFacts, ...]:
    """Facts of the blocks that are used, from the input."""
    used = used_cuts(BACKBONES[spec.backbone.name], spec.backbone.output)
    return facts(spec.backbone.name).blocks[: len(used)]


def _learned(spec: ExperimentSpec, block: BlockFacts) -> int:
    """What training moves of a thawed block."""
    learned = block.parameters - block.statistics
    return learned if spec.train.update_batch_norm else learned - block.normalisation


def head_parameters(spec: ExperimentSpec, classes: int) -> int:
    """All numbers of the head."""
    return head_trainable(spec, classes) + 2 * _normalised(spec)


def head_trainable(spec: ExperimentSpec, classes: int) -> int:
    """Weights and biases of the head, and the scales and shifts of its batch normalisation."""
    units = 1 if classes == 2 and spec.head.classifier == "auto" else classes
    widths = (used_blocks(spec)[-1].channels, *spec.head.hidden, units)
    return sum(below * above + above for below, above in pairwise(widths)) + 2 * _normalised(spec)


def _normalised(spec: ExperimentSpec) -> int:
    """Channels that batch normalisation in the head sees; it has four numbers for each, two of which learn."""
    return sum((used_blocks(spec)[-1].channels, *spec.head.hidden)) if spec.head.batch_norm else 0


def phase_plan(spec: ExperimentSpec, phase: Phase, images: dict[str, int], classes: int) -> PhasePlan:
    """What a phase trains, stores and takes. images: how many there are by part."""
    thawed = sum(_learned(spec, block) for block in _split(spec, phase)[1])
    pictures = sum(images.values()) + images["train"] * stored_views(spec, phase)
    size = 2 if spec.train.feature_storage == "float16" else 4
    stored = _floats_at(spec, phase) * size * pictures if validates_from_features(spec, phase) else 0
    return PhasePlan(
        phase=phase,
        trainable=thawed + head_trainable(spec, classes),
        cached=trains_from_features(spec, phase),
        reason=_reason(spec, phase),
        feature_bytes=stored,
        seconds=_seconds(spec, phase, images),
    )


def stored_views(spec: ExperimentSpec, phase: Phase) -> int:
    """How many augmented versions of each training image a phase stores; 0 where it stores none."""
    return min(spec.train.views, phase.epochs) if spec.augment and trains_from_features(spec, phase) else 0


def _split(spec: ExperimentSpec, phase: Phase) -> tuple[tuple[BlockFacts, ...], tuple[BlockFacts, ...]]:
    """The used blocks: those frozen in a phase, and those above them."""
    used = used_blocks(spec)
    depth = next((place + 1 for place, block in enumerate(used) if block.name == phase.frozen), 0)
    return used[:depth], used[depth:]


def _floats_at(spec: ExperimentSpec, phase: Phase) -> int:
    """Numbers an image leaves at the boundary between what is frozen and what trains."""
    used = used_blocks(spec)
    if phase.frozen == used[-1].name:
        return used[-1].channels
    block = next(block for block in used if block.name == phase.frozen)
    return _outputs(spec, block)


def _reason(spec: ExperimentSpec, phase: Phase) -> str:
    if phase.frozen is None:
        return "Every layer trains, so nothing an image leaves in the network stays the same."
    if spec.train.feature_cache == "off":
        return "train.feature_cache is off: the frozen layers are computed again in every epoch."
    if views := stored_views(spec, phase):
        said = "One augmented version" if views == 1 else f"{views} augmented versions"
        return f"{said} of each training image are computed once, stored, and taken in turn, epoch by epoch."
    if spec.augment:
        return "Augmented images differ in every epoch, so the frozen layers are computed again; validation images are stored."
    return "The frozen layers always say the same of an image, so it is computed once and stored."


def _seconds(spec: ExperimentSpec, phase: Phase, images: dict[str, int]) -> float:
    """An estimate of a phase's time, computing its features included."""
    below, above = _macs(spec, phase)
    train, others = images["train"], images["validation"] + images["test"]
    passes = (stored_views(spec, phase) or 1) if trains_from_features(spec, phase) else phase.epochs
    forward = below * (train * passes + others) + above * (others + train * 0.3) * phase.epochs
    steps = math.ceil(train / spec.train.batch_size) * phase.epochs
    training = 3 * above * train * phase.epochs
    step = STORED_STEP if trains_from_features(spec, phase) and not spec.augment else HEAD_STEP
    return (forward / FORWARD_MACS + training / TRAINING_MACS) / _cores() + steps * step


def feature_seconds(spec: ExperimentSpec, phase: Phase, images: dict[str, int]) -> float:
    """An estimate of the time to compute what a phase stores before its first epoch."""
    if not validates_from_features(spec, phase):
        return 0.0
    train = images["train"] * (1 + stored_views(spec, phase)) if trains_from_features(spec, phase) else 0
    stored = images["validation"] + images["test"] + train
    return _macs(spec, phase)[0] * stored / FORWARD_MACS / _cores()


def _cores() -> int:
    return os.cpu_count() or 1


def _macs(spec: ExperimentSpec, phase: Phase) -> tuple[float, float]:
    """Multiply-adds of one image in the frozen blocks and in those that train."""
    frozen, thawed = (sum(block.macs_at(spec.image_size) for block in some) for some in _split(spec, phase))
    return frozen, thawed


def decoding_seconds(images: int) -> float:
    """An estimate of the time to decode so many photos."""
    return images / DECODED / _cores()


def copies(spec: ExperimentSpec) -> int:
    """How many numbers a checkpoint keeps for each weight that trains: itself, what its optimiser remembers, its moving average."""
    optimizer = spec.optimizer
    moments = {"sgd": int(optimizer.momentum > 0), "rmsprop": 1}.get(optimizer.name, 2)
    return 1 + moments + int(optimizer.average > 0)


def memory_bytes(spec: ExperimentSpec, phase_plans: tuple[PhasePlan, ...]) -> int:
    """An estimate of what training holds: weights, gradients and what is kept beside them, activations of a batch, stored features."""
    used = used_blocks(spec)
    weights = 4 * (sum(block.parameters for block in used) + copies(spec) * max(plan.trainable for plan in phase_plans))
    half = spec.optimizer.precision != "float32"
    activations = max(_activations(spec, plan.phase) for plan in phase_plans) // (2 if half else 1)
    one_batch = max(_outputs(spec, block) for block in used) * 4 * 16
    kept = max(plan.feature_bytes for plan in phase_plans) * (2 if spec.train.feature_storage == "float16" else 1)
    return weights + activations + one_batch + kept


def _activations(spec: ExperimentSpec, phase: Phase) -> int:
    """What the thawed blocks keep of a batch for its gradient: about eight times their outputs."""
    return sum(_outputs(spec, block) for block in _split(spec, phase)[1]) * 4 * 8 * spec.train.batch_size


def _outputs(spec: ExperimentSpec, block: BlockFacts) -> int:
    return math.prod(block.size_at(spec.image_size)) * block.channels


def checkpoint_bytes(spec: ExperimentSpec, phase_plans: tuple[PhasePlan, ...]) -> int:
    """What the checkpoints that are kept and the export take on the disk."""
    largest = max(plan.trainable for plan in phase_plans) * 4 * copies(spec)
    epochs = sum(plan.phase.epochs for plan in phase_plans)
    kept = min(epochs, spec.train.keep_checkpoints + 1 + epochs // (spec.train.checkpoint_every or epochs + 1))
    network = sum(block.parameters for block in used_blocks(spec)) * 4
    return largest * max(kept, 1) + network
