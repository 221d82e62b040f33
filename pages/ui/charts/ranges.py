"""What the axes of a run's charts span, so that they stand still while it trains and no single curve flattens the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROOM = 0.04
"""Free space at each end, as a share of the span."""

NARROWEST = 1e-3
"""The smallest span of an axis, relative to its values: curves that do not change are flat and not noise."""


def epochs_range(first: int, last: int) -> list[float]:
    """From a run's first epoch to the last it is planned to have."""
    return [first - 0.5, last + max(0.5, ROOM * (last - first))]


def values_range(curves: Sequence[np.ndarray], log: bool) -> list[float] | None:
    """What these curves need, as Plotly wants it: a logarithmic axis by its logarithms. None if they have no values to show.

    Args:
        curves: Each float64, shape (epochs,); what is not a number counts for nothing, nor does what a logarithmic axis cannot show.
    """
    values = np.concatenate([np.zeros(0), *curves])
    values = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    if not len(values):
        return None
    values = np.log10(values) if log else values
    low, high = float(values.min()), float(values.max())
    room = ROOM * max(high - low, NARROWEST * max(abs(low), abs(high), 1.0))
    return [low - room, high + room]
