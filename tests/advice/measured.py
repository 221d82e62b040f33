"""A measurement, for tests of what is made of it."""

from __future__ import annotations

from typing import Any

from tl_core.backbones import BACKBONES
from tl_core.intervals import Estimate
from tl_core.results.advice import BackboneScore, Block, Likeness, Measured, SolvedHead

CUTS = BACKBONES["EfficientNetLite0"].cut_names

FIRST = 0.72
"""The loss of the first head."""


def estimate(value: float, half: float = 0.05) -> Estimate:
    return Estimate(value, value - half, value + half)


def head(cut: str, classifier: str, loss: float, **changes: Any) -> SolvedHead:
    """A head whose loss is known to 0.05, as is its difference from that of the first."""
    values = {"difference": estimate(loss - FIRST), **changes}
    return SolvedHead(cut, classifier, estimate(loss), estimate(0.75), **values)


def measured(likeness: float = 0.4, above: float = 1.0, images: int = 150, **changes: Any) -> Measured:
    """Six classes of an EfficientNet-Lite0 at 96 pixels.

    Args:
        above: How probable it is that they are like ImageNet.
        images: Training images.
    """
    top, best = CUTS[-1], "block6"
    value = estimate(likeness, 0.1)
    heads = (
        head(top, "ridge", FIRST, joined=CUTS[-4:], mirror=True, difference=None),
        head(top, "random-projection", 0.74, joined=CUTS[-4:], mirror=True),
        head(top, "ridge", 0.7),
        head(top, "random-projection", 0.75),
        head(best, "ridge", 0.65 if likeness < 0 else 0.85),
        head(best, "random-projection", 0.6 if likeness < 0 else 0.8),
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
