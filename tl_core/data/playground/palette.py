"""Colours: hexadecimal text to linear light and back, and the palettes of images."""

from __future__ import annotations

from functools import cache

import numpy as np

from tl_core.data.playground.geometry import Array

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
