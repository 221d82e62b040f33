"""How fast a network computes: estimated from its counted multiply-adds and the values it writes to memory, at speeds measured on one machine.

Multiply-adds alone make small networks up to three times too fast, and large ones as much too slow: memory takes most of the time of a training step
of EfficientNet-Lite0 or MobileNet, and little of VGG16's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from statistics import median

from tl_core.backbones import BACKBONES, BackboneFacts, BlockFacts, facts
from tl_core.store.speeds import Speed

FORWARD_MACS, FORWARD_VALUES = 48e9, 2.2e9
"""Multiply-adds, and output values of convolutions, per second and core of a frozen network in OpenVINO. Fitted to EfficientNet-Lite0 (about 90
images per second and core at 224 pixels), ResNet50, VGG16, DenseNet121, MobileNet 0.25 and MobileNetV2 0.35: within a factor of two for each."""

TRAINING_MACS, TRAINING_VALUES = 27e9, 65e6
"""The same of a training step in TensorFlow, which takes three times the multiply-adds of a forward pass: within a third for each of these."""

SHORTEST = 1e-6
"""Seconds of an image: no network is faster."""


def cores() -> int:
    return os.cpu_count() or 1


def forward_seconds(blocks: Iterable[BlockFacts], image_size: int) -> float:
    """Estimated seconds of an image in frozen blocks, on all cores."""
    return sum(_seconds(block, image_size, FORWARD_MACS, FORWARD_VALUES) for block in blocks)


def training_seconds(blocks: Iterable[BlockFacts], image_size: int) -> float:
    """Estimated seconds of an image in a training step of blocks, on all cores."""
    return sum(_seconds(block, image_size, TRAINING_MACS / 3, TRAINING_VALUES) for block in blocks)


def _seconds(block: BlockFacts, image_size: int, macs: float, values: float) -> float:
    written = block.values_per_pixel * image_size**2
    return (block.macs_at(image_size) / macs + written / values) / cores()


def rates(found: BackboneFacts, image_size: int) -> tuple[float, float]:
    """Estimated images per second of a whole network: frozen, and while all of it trains."""
    forward, training = (of(found.blocks, image_size) for of in (forward_seconds, training_seconds))
    return 1 / max(forward, SHORTEST), 1 / max(training, SHORTEST)  # One of your own may have nothing that is counted.


def rates_here(measured: Mapping[str, Speed]) -> dict[str, tuple[float, float]]:
    """Estimated images per second of every network at its native size, frozen and thawed, by name.

    Args:
        measured: What was measured on this machine, by network: estimates are in proportion to it.
    """
    compared = [(speed, rates(facts(name), speed.image_size)) for name, speed in measured.items() if name in BACKBONES]
    frozen = median(speed.frozen / guessed[0] for speed, guessed in compared) if compared else 1.0
    thawed = median(speed.thawed / guessed[1] for speed, guessed in compared) if compared else 1.0
    guesses = ((row.name, rates(facts(row.name), row.native_size)) for row in BACKBONES)
    return {name: (frozen * guess[0], thawed * guess[1]) for name, guess in guesses}
