"""The small curves of a run in a table: clean training loss and validation loss, with a star at the exported epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT, MARGIN = 96, 24, 3
"""In CSS pixels; the margin has room for half a star."""

POINTS = 40
"""The most epochs that are drawn."""


@dataclass(frozen=True)
class Sparkline:
    """The lines as SVG paths, and the place of the star."""

    training: str
    validation: str
    star: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """As run_table.js draws it."""
        return {**vars(self), "width": WIDTH, "height": HEIGHT}


def sparkline(
    training: Sequence[float],
    validation: Sequence[float],
    starred: int | None = None,
    epochs: Sequence[int] | None = None,
) -> Sparkline | None:
    """Both curves on the same axes; None if nothing can be drawn.

    Args:
        training, validation: A value for each epoch; a NaN is left out.
        starred: The place of the epoch with the star.
        epochs: The epochs of the values; without them, one follows the other.
    """
    across = epochs or range(len(validation))
    known = [value for value in (*training, *validation) if math.isfinite(value)]
    if not known:
        return None
    low, high = min(known), max(known)

    def at(place: int, value: float) -> tuple[float, float]:
        along = (across[place] - across[0]) / (across[-1] - across[0]) if len(across) > 1 else 0.5
        up = (value - low) / (high - low) if high > low else 0.5
        return round(MARGIN + along * (WIDTH - 2 * MARGIN), 1), round(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1)

    def path(values: Sequence[float]) -> str:
        points = [at(place, values[place]) for place in _thinned(len(values)) if math.isfinite(values[place])]
        # A single point is a line of no length, which has round ends.
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + ("h0" if len(points) == 1 else "") if points else ""

    star = None if starred is None or not math.isfinite(validation[starred]) else at(starred, validation[starred])
    return Sparkline(path(training), path(validation), star)


def _thinned(epochs: int) -> list[int]:
    """Every so many epochs, always with the last."""
    step = -(-epochs // POINTS) or 1
    return sorted({*range(0, epochs, step), epochs - 1})
