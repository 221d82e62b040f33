"""Textures in space: how much of a second colour shows at each point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tl_core.data.playground.geometry import Array, Points
from tl_core.data.playground.recipe import Pattern

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
