"""Many runs: a small chart for each, all with the same axes, as plain data for the component that draws them (grid.js)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.charts import colours, layouts
from pages.ui.charts.comparison import Named
from pages.ui.charts.points import smoothed, thinned, x_values
from pages.ui.charts.traces import SPLITS, Kind, X
from pages.ui.scripts import script
from tl_core.metrics import metric_of
from tl_core.text import percent

_HERE = Path(__file__).parent
_SCRIPT = script(_HERE / "grid.js")
_STYLE = (_HERE / "grid.css").read_text(encoding="utf-8")

POINTS = 80
"""About the most epochs drawn of a run: a small chart shows no more."""

_TICKS = 4
"""About so many on the vertical axis."""

_DASHES: dict[Kind, str] = {"val": "", "clean": "4 3", "reported": "1 3"}
_SAID: dict[Kind, str] = {"val": "validation", "clean": "training", "reported": "reported"}
_PLAIN: dict[Kind, str] = {"val": colours.VALIDATION, "clean": colours.TRAINING, "reported": colours.TRAINING}


@dataclass(frozen=True)
class Axis:
    """A vertical or horizontal axis, shared by all charts; log: by powers of ten."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies between both ends, 0 to 1."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[float]:
        """Round numbers between both ends."""
        if self.high <= self.low:
            return [self.low]
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers] or [self.low, self.high]
        step = _round_step((self.high - self.low) / _TICKS)
        first = math.ceil(self.low / step - 1e-9)
        return [step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _round_step(width: float) -> float:
    """1, 2 or 5 times a power of ten, at least about as wide."""
    power = 10.0 ** math.floor(math.log10(width)) if width > 0 else 1.0
    return next((power * size for size in (1, 2, 5) if power * size >= width), power * 10)


def grid_data(
    runs: Sequence[Named], *, quantity: str, x: X, smoothing: float, log: bool, show: Sequence[Kind]
) -> dict[str, Any]:
    """A chart for each run that has epochs, in the order given; places are shares of 100 of the common axes."""
    kinds = {kind: row.name for kind in show if (row := metric_of(quantity, SPLITS[kind]))}
    drawn = [_Drawn.of(run, kinds, x, smoothing) for run in runs if run.epochs]
    values = [value for one in drawn for curve in one.curves.values() for value in curve if _fits(value, log)]
    if not values:
        return {"cells": [], "empty": "Not measured in these epochs."}
    vertical = Axis(min(values), max(values), log)
    horizontal = Axis(min(float(one.at[0]) for one in drawn), max(float(one.at[-1]) for one in drawn))
    return {
        "cells": [_cell(one, horizontal, vertical, quantity, x) for one in drawn],
        "ticks": [[_up(vertical, tick), _text(quantity, tick)] for tick in vertical.ticks()],
        "ends": [_at_text(x, horizontal.low), f"{_at_text(x, horizontal.high)} {'s' if x == 'seconds' else 'epochs'}"],
    }


def draw_grid(data: dict[str, Any], key: str, alt: str) -> None:
    """Draws the charts beside each other, as many in a row as fit.

    Args:
        alt: What they show, in a sentence, for those who cannot see it.
    """
    mounted = st.components.v2.component("tl_grid", js=_SCRIPT, css=_STYLE, isolate_styles=False)
    mounted(key=key, data={**data, "alt": alt})


@dataclass(frozen=True)
class _Drawn:
    """A run as it is drawn: places on the x axis, and a curve for each kind, thinned out."""

    run: Named
    at: np.ndarray
    epochs: list[int]
    curves: dict[Kind, np.ndarray]
    star: tuple[float, float] | None

    @classmethod
    def of(cls, run: Named, kinds: dict[Kind, str], x: X, smoothing: float) -> _Drawn:
        measured = {kind: run.epochs.column(name) for kind, name in kinds.items()}
        numbers, at = run.epochs.column("epoch"), x_values(run.epochs, x)
        starred = np.flatnonzero(numbers == run.best.epoch).tolist() if run.best and "val" in measured else []
        index = thinned(list(measured.values()), starred, POINTS)
        shown = {kind: (smoothed(curve, smoothing) if smoothing else curve)[index] for kind, curve in measured.items()}
        star = (float(at[starred[0]]), float(measured["val"][starred[0]])) if starred else None
        return cls(run, at[index], numbers[index].astype(int).tolist(), shown, star)


def _cell(one: _Drawn, horizontal: Axis, vertical: Axis, quantity: str, x: X) -> dict[str, Any]:
    across = [round(100 * horizontal.share(float(place)), 2) for place in one.at]
    star = one.star if one.star and _fits(one.star[1], vertical.log) else None
    return {
        "id": one.run.id,
        "title": one.run.title,
        "swatch": colours.css(one.run.colour) if one.run.colour else "",
        "lines": [
            {
                "path": _path(across, curve, vertical),
                "dash": _DASHES[kind],
                "colour": colours.css(one.run.colour or _PLAIN[kind]),
            }
            for kind, curve in one.curves.items()
        ],
        "star": star and [round(100 * horizontal.share(star[0]), 2), _up(vertical, star[1])],
        "across": across,
        "said": [_said(one, place, quantity) for place in range(len(across))],
    }


def _path(across: Sequence[float], curve: np.ndarray, vertical: Axis) -> str:
    points = [
        f"{x} {_up(vertical, float(y))}" for x, y in zip(across, curve, strict=True) if _fits(float(y), vertical.log)
    ]
    return f"M{'L'.join(points)}{'h0' if len(points) == 1 else ''}" if points else ""


def _up(vertical: Axis, value: float) -> float:
    """From the top, in shares of 100."""
    return round(100 * (1 - vertical.share(value)), 2)


def _fits(value: float, log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not log)


def _said(one: _Drawn, place: int, quantity: str) -> str:
    values = [f"{_SAID[kind]} {_text(quantity, float(curve[place]))}" for kind, curve in one.curves.items()]
    return f"epoch {one.epochs[place]}: {', '.join(values)}"


def _text(quantity: str, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return percent(value, 1).replace(".0 %", " %") if layouts.is_share(quantity) else f"{value:.3g}"


def _at_text(x: X, value: float) -> str:
    return f"{value:.1f}" if x == "seconds" else f"{value:g}"
