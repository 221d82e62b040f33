"""A measurement, for tests of what is made of it."""

from __future__ import annotations

from typing import Any

from tl_core.backbones import BACKBONES
from tl_core.intervals import Estimate
from tl_core.results.advice import BackboneScore, Block, Likeness, Measured, SolvedHead

CUTS = BACKBONES["EfficientNetLite0"].cut_names


def estimate(value: float, half: float = 0.05) -> Estimate:
    return Estimate(value, value - half, value + half)


def measured(likeness: float = 0.4, above: float = 1.0, images: int = 150, **changes: Any) -> Measured:
    """Six classes of an EfficientNet-Lite0 at 96 pixels.

    Args:
        above: How probable it is that they are like ImageNet.
        images: Training images.
    """
    top, best = CUTS[-1], "block6"
    value = estimate(likeness, 0.1)
    heads = (
        SolvedHead(top, "ridge", estimate(0.7), estimate(0.75)),
        SolvedHead(top, "random-projection", estimate(0.75), estimate(0.75)),
        SolvedHead(best, "ridge", estimate(0.65 if likeness < 0 else 0.85), estimate(0.78)),
        SolvedHead(best, "random-projection", estimate(0.6 if likeness < 0 else 0.8), estimate(0.78)),
    )
    values: dict[str, Any] = {
        "source": "playground",
        "backbone": "EfficientNetLite0",
        "weights": "pretrained",
        "image_size": 96,
        "pooling": "avg",
        "classes": tuple("abcdef"),
        "images": {"train": images, "validation": 60, "test": 40},
        "fewest": images // 6,
        "largest_share": 1 / 6,
        "blocks": tuple(Block(cut, estimate(0.6), estimate(0.5), estimate(0.9)) for cut in CUTS),
        "likeness": Likeness(value, value, value, above, "block5", top),
        "heads": heads,
        "backbones": (
            BackboneScore("EfficientNetLite0", 96, -0.19, estimate(0.77)),
            BackboneScore("VGG16", 96, None, None, "Its weights are not here."),
        ),
        "seconds": 4.0,
    }
    return Measured(**{**values, **changes})
