"""What a curve is drawn from: values by epoch, smoothed, thinned out without losing what matters, or as text for spreadsheets."""

from __future__ import annotations

import csv as standard
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tl_core.store import Epochs

MOST_POINTS = 500
"""About the most points a curve is drawn with; a screen shows no more."""


def x_values(epochs: Epochs, x: str, steps: np.ndarray | None = None) -> np.ndarray:
    """Where the epochs stand on the x axis: their number, or the seconds or optimiser steps up to their end. float64, shape (epochs,).

    Args:
        steps: Of `store.cumulative_steps`; without them, steps are NaN.
    """
    if x == "steps":
        return np.full(len(epochs), np.nan) if steps is None else steps
    return np.cumsum(epochs.column("seconds")) if x == "seconds" else epochs.column("epoch")


def last_known(*curves: np.ndarray) -> int | None:
    """The last place at which all of these are numbers; None if there is none."""
    known = np.flatnonzero(np.isfinite(np.stack(curves)).all(axis=0))
    return int(known[-1]) if len(known) else None


def smoothed(curve: np.ndarray, smoothing: float) -> np.ndarray:
    """An exponential moving average, corrected at its beginning as in Adam (Kingma & Ba 2015), so that it starts at the first value.

    Args:
        curve: float64, shape (epochs,); what is not a number stays so and counts for nothing.
        smoothing: The weight of what came before, 0 (as measured) to below 1.
    """
    known = np.where(np.isfinite(curve), curve, np.nan)
    average = pd.Series(known).ewm(alpha=1 - smoothing, adjust=True, ignore_na=True).mean().to_numpy()
    return np.where(np.isfinite(curve), average, curve)


def thinned(curves: Sequence[np.ndarray], always: Iterable[int] = (), most: int = MOST_POINTS) -> np.ndarray:
    """The epochs to draw, the same ones for all curves, so that a hover label speaks of one epoch only.

    The first, the last and those of `always` are among them, and of each section in between the lowest and the highest
    value of every curve.

    Args:
        curves: Each float64, shape (epochs,).
        always: Indices that must not be lost.

    Returns:
        Indices in order: int64, shape (at most about `most`,).
    """
    epochs = len(curves[0]) if curves else 0
    if epochs <= most:
        return np.arange(epochs)
    chosen = {0, epochs - 1, *always}
    intervals = max(1, (most - len(chosen)) // (2 * len(curves)))
    for curve in curves:
        chosen.update(_extremes(curve, -(-epochs // intervals)))
    return np.array(sorted(chosen))


def _extremes(curve: np.ndarray, length: int) -> list[int]:
    """The places of the lowest and the highest value in each interval of this length, if it has any."""
    filled = np.full(-(-len(curve) // length) * length, np.nan)
    filled[: len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    intervals = filled.reshape(-1, length)
    firsts = np.flatnonzero(np.isfinite(intervals).any(axis=1)) * length
    measured = intervals[firsts // length]
    return [*(firsts + np.nanargmin(measured, axis=1)).tolist(), *(firsts + np.nanargmax(measured, axis=1)).tolist()]


def json_numbers(curve: np.ndarray) -> list[float | None]:
    """Six digits of each value, None if there is none: JSON knows no NaN."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in curve]


def curves_csv(lines: Iterable[Mapping[str, Any]]) -> str:
    """One row an epoch and one column for each entry of the lines of metrics.jsonl, in the order met; a learning rate has a column a group.

    What a line lacks is empty. Lines of several runs may be mixed where an entry of theirs names the run.
    """
    rows = [_flat(line) for line in lines]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = standard.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in line.items():
        flat |= (
            {f"{name}.{key}": entry for key, entry in value.items()} if isinstance(value, Mapping) else {name: value}
        )
    return flat
