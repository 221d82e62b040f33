"""Sides with known differences."""

from __future__ import annotations

import numpy as np

from tl_core.comparison import Side


def flipped(gained: int, lost: int, images: int) -> tuple[Side, Side]:
    """Two networks that agree but for so many flips."""
    a, b = np.ones(images, bool), np.ones(images, bool)
    a[:gained] = False
    b[gained : gained + lost] = False
    return Side("A", a[None]), Side("B", b[None])


def recipes(seeds: int, images: int, gain: float = 0.0, spread: float = 0.5, number: int = 0) -> tuple[Side, Side]:
    """Two recipes on images of different difficulty: networks classify an image correctly with a chance that a gain raises."""
    rng = np.random.default_rng(number)
    ease = rng.normal(1.5, 1.5, images)
    made = []
    for name, shift in (("A", 0.0), ("B", gain)):
        logit = ease + shift + rng.normal(0, spread, (seeds, images))
        made.append(Side(name, logit > 0, np.log1p(np.exp(-2 * logit))))
    return made[0], made[1]
