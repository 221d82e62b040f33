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

HEAD_STEP = 0.0012
"""Seconds of one step of a small head on stored features."""


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
    """The blocks that are used, from the input."""
    return tuple(
        BlockPlan(
            block.name, block.parameters, _trainable(spec, block), (*block.size_at(spec.image_size), block.channels)
        )
        for block in used_blocks(spec)
    )


def used_blocks(spec: ExperimentSpec) -> tuple[BlockFacts, ...]:
    """Facts of the blocks that are used, from the input."""
    used = used_cuts(BACKBONES[spec.backbone.name], spec.backbone.output)
    return facts(spec.backbone.name).blocks[: len(used)]


def _trainable(spec: ExperimentSpec, block: BlockFacts) -> int:
    thawed = thawed_cuts(BACKBONES[spec.backbone.name], spec.backbone.freeze, spec.backbone.output)
    if block.name not in thawed:
        return 0
    learned = block.parameters - block.statistics
    return learned if spec.train.update_batch_norm else learned - block.normalisation


def head_parameters(spec: ExperimentSpec, classes: int) -> int:
    """Weights and biases of the head."""
    units = 1 if classes == 2 and spec.head.classifier == "auto" else classes
    widths = (used_blocks(spec)[-1].channels, *spec.head.hidden, units)
    return sum(below * above + above for below, above in pairwise(widths))


def phase_plan(spec: ExperimentSpec, phase: Phase, images: dict[str, int], classes: int) -> PhasePlan:
    """What a phase trains, stores and takes. images: how many there are by part."""
    thawed = sum(block.trainable for block in blocks(spec)) if phase.backbone_rate is not None else 0
    stored = _floats_at(spec, phase) * 4 * sum(images.values()) if validates_from_features(spec, phase) else 0
    return PhasePlan(
        phase=phase,
        trainable=thawed + head_parameters(spec, classes),
        cached=trains_from_features(spec, phase),
        reason=_reason(spec, phase),
        feature_bytes=stored,
        seconds=_seconds(spec, phase, images),
    )


def _floats_at(spec: ExperimentSpec, phase: Phase) -> int:
    """Numbers an image leaves at the boundary between what is frozen and what trains."""
    used = used_blocks(spec)
    if phase.frozen == used[-1].name:
        return used[-1].channels
    block = next(block for block in used if block.name == phase.frozen)
    return math.prod(block.size_at(spec.image_size)) * block.channels


def _reason(spec: ExperimentSpec, phase: Phase) -> str:
    if phase.frozen is None:
        return "Every layer trains, so nothing an image leaves in the network stays the same."
    if spec.train.feature_cache == "off":
        return "train.feature_cache is off: the frozen layers are computed again in every epoch."
    if spec.augment:
        return "Augmented images differ in every epoch, so the frozen layers are computed again; validation images are stored."
    return "The frozen layers always say the same of an image, so it is computed once and stored."


def _seconds(spec: ExperimentSpec, phase: Phase, images: dict[str, int]) -> float:
    """An estimate of a phase's time, computing its features included."""
    cores = os.cpu_count() or 1
    below, above = _macs(spec, phase)
    train, others = images["train"], images["validation"] + images["test"]
    passes = 1 if trains_from_features(spec, phase) else phase.epochs
    forward = below * (train * passes + others) + above * (others + train * 0.3) * phase.epochs
    steps = math.ceil(train / spec.train.batch_size) * phase.epochs
    training = 3 * above * train * phase.epochs
    return (forward / FORWARD_MACS + training / TRAINING_MACS) / cores + steps * HEAD_STEP


def feature_seconds(spec: ExperimentSpec, phase: Phase, images: dict[str, int]) -> float:
    """An estimate of the time to compute what a phase stores before its first epoch."""
    if not validates_from_features(spec, phase):
        return 0.0
    stored = sum(images.values()) - (0 if trains_from_features(spec, phase) else images["train"])
    return _macs(spec, phase)[0] * stored / FORWARD_MACS / (os.cpu_count() or 1)


def _macs(spec: ExperimentSpec, phase: Phase) -> tuple[float, float]:
    """Multiply-adds of one image in the frozen blocks and in those that train."""
    size, used = spec.image_size, used_blocks(spec)
    top = next((place for place, block in enumerate(used) if block.name == phase.frozen), -1)
    return sum(block.macs_at(size) for block in used[: top + 1]), sum(block.macs_at(size) for block in used[top + 1 :])


def decoding_seconds(images: int) -> float:
    """An estimate of the time to decode so many photos."""
    return images / DECODED / (os.cpu_count() or 1)


def memory_bytes(spec: ExperimentSpec, phase_plans: tuple[PhasePlan, ...]) -> int:
    """An estimate of what training holds: weights with gradients and two moments, activations of a batch, stored features."""
    used = blocks(spec)
    weights = 4 * (sum(block.parameters for block in used) + 3 * max(plan.trainable for plan in phase_plans))
    activations = sum(math.prod(block.shape) for block in used if block.trains) * 4 * 8 * spec.train.batch_size
    one_batch = max(math.prod(block.shape) for block in used) * 4 * 16
    return weights + activations + one_batch + max(plan.feature_bytes for plan in phase_plans)


def checkpoint_bytes(spec: ExperimentSpec, phase_plans: tuple[PhasePlan, ...]) -> int:
    """What the checkpoints that are kept and the export take on the disk."""
    largest = max(plan.trainable for plan in phase_plans) * 12
    network = sum(block.parameters for block in used_blocks(spec)) * 4
    return largest * (spec.train.keep_checkpoints + 1) + network
