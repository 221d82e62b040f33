"""Colours: hexadecimal text to linear light and back, the palettes an image draws from, and textures of two colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tl_core.data.playground.geometry import Array, Points

if TYPE_CHECKING:
    from tl_core.data.playground.recipe import Pattern


PALETTES = (
    ("#fbe8d3", "#f6c9b0", "#e07a5f", "#81b29a", "#f2cc8f", "#6d83a6"),
    ("#e3f0f4", "#bfdcE6", "#5fa8c4", "#f4a6a0", "#f7d9a3", "#7f7fb5"),
    ("#f1e9f7", "#d8c7ec", "#9d7fd1", "#f2a1c0", "#8fc9c1", "#f3c677"),
    ("#eaf4e2", "#c9e2b8", "#7fb069", "#e6aa68", "#ca5d59", "#5b8e9c"),
    ("#fdf1dc", "#f9d8a6", "#ee964b", "#5fa39b", "#d66c7b", "#6a7fb0"),
    ("#fbe6ea", "#f4c2ce", "#d9728b", "#7fb7d8", "#a8cf9d", "#f2b872"),
    ("#e6eef8", "#c3d4ee", "#6f8fcf", "#f0b27a", "#e58fa3", "#7cc0a6"),
    ("#f3efe4", "#ded3bd", "#a98a64", "#7d9a80", "#cf7f62", "#60799a"),
)
"""Soft palettes: two colours for the surroundings, four for things."""


@cache
def linear(colour: str) -> tuple[float, float, float]:
    """A hexadecimal colour as linear light 0..1, with a gamma of 2, which costs a square root to undo."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red * red, green * green, blue * blue


def mixed(a: Array, b: Array, share: Array | float) -> Array:
    """`a` moved towards `b` by a share 0..1."""
    return a + (b - a) * share


def ease(value: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth between."""
    share = min(max((value - start) / (end - start), 0.0), 1.0)
    return share * share * (3 - 2 * share)


def step(value: Array, width: float) -> Array:
    """0 where value is negative, 1 where it is positive, over a soft edge of `width`."""
    return np.clip(value * (1 / width) + 0.5, 0, 1)


Phases = tuple[float, float, float]


def texture(p: Points, pattern: Pattern) -> Array | float:
    """The share of the second colour at points, 0..1, already scaled by the pattern's strength."""
    if pattern.style == "plain" or pattern.strength <= 0:
        return 0.0
    x, y, z = (axis * pattern.scale for axis in p)
    return _STYLES[pattern.style]((x, y, z), pattern.phases) * pattern.strength


def _soft(wave: Array, sharpness: float = 4.0) -> Array:
    return np.clip(wave * sharpness * 0.5 + 0.5, 0, 1)


def _stripes(p: Points, phases: Phases) -> Array:
    a, b = np.cos(phases[1]), np.sin(phases[1])
    return _soft(np.sin(2 * (p[0] * float(a) + p[1] * float(b) + 0.3 * p[2]) + phases[0]))


def _checks(p: Points, phases: Phases) -> Array:
    return _soft(np.sin(1.8 * p[0] + phases[0]) * np.sin(1.8 * p[1] + phases[1]) * np.sin(1.8 * p[2] + phases[2]), 9.0)


def _dots(p: Points, phases: Phases) -> Array:
    x, y, z = (axis * 0.6 + phase for axis, phase in zip(p, phases, strict=True))
    x, y, z = x - np.rint(x), y - np.rint(y), z - np.rint(z)
    return np.clip((0.36 - np.sqrt(x * x + y * y + z * z)) * 14, 0, 1)


def _rough(p: Points, phases: Phases) -> Array:
    """Smooth noise about -1..1: three plane waves, each bent by the one before."""
    x, y, z = p
    first = np.sin(1.1 * x + 0.7 * y - 0.5 * z + phases[0])
    second = np.sin(1.3 * y - 0.9 * z + 1.7 * first + phases[1])
    return 0.5 * first + 0.5 * np.sin(1.9 * z + 1.2 * x + 1.9 * second + phases[2])


def _wood(p: Points, phases: Phases) -> Array:
    x, y, z = p
    rings = np.sqrt(x * x + z * z) + 0.12 * y + 0.35 * _rough((x, 0.3 * y, z), phases)
    return 0.65 * (0.5 + 0.5 * np.sin(4.2 * rings + phases[0]))


def _marble(p: Points, phases: Phases) -> Array:
    return (1 - np.abs(np.sin(0.9 * p[0] + 0.6 * p[1] + 1.6 * _rough(p, phases)))) ** 2


def _speckle(p: Points, phases: Phases) -> Array:
    return _soft(_rough((3 * p[0], 3 * p[1], 3 * p[2]), phases) - 0.35, 5.0)


_STYLES: dict[str, Callable[[Points, Phases], Array]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "wood": _wood,
    "marble": _marble,
    "speckle": _speckle,
}
