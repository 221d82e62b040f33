"""Many runs: a small chart for each, all with the same axes, as plain data for the component that draws them (grid.js)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.charts import colours
from pages.ui.charts.measures import Kind, measure_of
from pages.ui.charts.points import smoothed, thinned
from pages.ui.charts.series import Series
from pages.ui.charts.traces import NO_PLACE, NOT_MEASURED, X
from pages.ui.scripts import script
from tl_core.text import UNKNOWN, counted, percent

_HERE = Path(__file__).parent
_SCRIPT = script(_HERE / "grid.js")
_STYLE = (_HERE / "grid.css").read_text(encoding="utf-8")

POINTS = 80
"""About the most epochs drawn of a run: a small chart shows no more."""

_TICKS = 4
"""About so many on the vertical axis."""

_DASHES: dict[Kind, str] = {"val": "", "clean": "4 3", "reported": "1 3"}
_SAID: dict[Kind, str] = {"val": "validation", "clean": "training", "reported": "reported"}
_UNITS: dict[X, str] = {"epoch": "epochs", "seconds": "s", "steps": "steps"}
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
    series: Sequence[Series], *, quantity: str, x: X, smoothing: float = 0.0, log: bool = False, aligned: bool = False
) -> dict[str, Any]:
    """A chart for each run, or group of runs, that has epochs, in the order given; places are shares of 100 of the common axes."""
    drawn = [found for one in series if (found := _Drawn.of(one, smoothing))]
    values = [value for one in drawn for curve in one.drawn for value in curve if _fits(value, log)]
    if not values:
        return {"cells": [], "empty": NO_PLACE if any(one.curves for one in series) else NOT_MEASURED}
    vertical = Axis(min(values), max(values), log)
    ends = [at for one in drawn for at in one.at if math.isfinite(at)]
    horizontal = Axis(min(ends), max(ends))
    return {
        "cells": [_cell(one, horizontal, vertical, quantity) for one in drawn],
        "ticks": [[_up(vertical, tick), _text(quantity, tick)] for tick in vertical.ticks()],
        "ends": [_at_text(x, horizontal.low), f"{_at_text(x, horizontal.high)} {_UNITS[x]}"],
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
    """A series as it is drawn: places on the x axis, and a curve for each kind, thinned out.

    Attributes:
        bands: From the lowest to the highest of several runs.
        star: Its place on the x axis, and the measured value.
    """

    series: Series
    index: np.ndarray
    at: np.ndarray
    curves: dict[Kind, np.ndarray]
    bands: dict[Kind, tuple[np.ndarray, np.ndarray]]
    star: tuple[float, float] | None

    @classmethod
    def of(cls, one: Series, smoothing: float) -> _Drawn | None:
        """None if it has nothing to draw."""
        if not one.curves or not np.isfinite(one.at).any():
            return None
        starred = [] if one.star is None else [one.star]
        index = thinned([curve.values for curve in one.curves.values()], starred, POINTS)

        def shown(curve: np.ndarray) -> np.ndarray:
            return (smoothed(curve, smoothing) if smoothing else curve)[index]

        curves = {kind: shown(curve.values) for kind, curve in one.curves.items()}
        bands = {
            kind: (shown(curve.low), shown(curve.high))
            for kind, curve in one.curves.items()
            if curve.low is not None and curve.high is not None
        }
        star = (float(one.at[one.star]), float(one.curves["val"].values[one.star])) if one.star is not None else None
        return cls(one, index, one.at[index], curves, bands, star)

    @property
    def drawn(self) -> list[np.ndarray]:
        """All that the axes have to hold."""
        return [*self.curves.values(), *(edge for band in self.bands.values() for edge in band)]


def _cell(one: _Drawn, horizontal: Axis, vertical: Axis, quantity: str) -> dict[str, Any]:
    across = [round(100 * horizontal.share(float(place)), 2) if math.isfinite(place) else 0 for place in one.at]
    star = one.star if one.star and _fits(one.star[1], vertical.log) else None
    colour = one.series.colour
    return {
        "id": one.series.id,
        "members": list(one.series.members),
        "title": one.series.title,
        "swatch": colours.css(colour) if colour else "",
        "bands": [
            {"path": _area(across, band, vertical), "colour": colours.css(colour or _PLAIN[kind])}
            for kind, band in one.bands.items()
        ],
        "lines": [
            {
                "path": _path(across, curve, vertical),
                "dash": _DASHES[kind],
                "colour": colours.css(colour or _PLAIN[kind]),
            }
            for kind, curve in one.curves.items()
        ],
        "star": star and [round(100 * horizontal.share(star[0]), 2), _up(vertical, star[1])],
        "across": across,
        "said": [_said(one, place, quantity) for place in range(len(across))],
    }


def _area(across: Sequence[float], band: tuple[np.ndarray, np.ndarray], vertical: Axis) -> str:
    """There along the lowest values and back along the highest."""
    low, high = band
    there = list(zip(across, low, strict=True))
    back = list(zip(across, high, strict=True))[::-1]
    points = [f"{x} {_up(vertical, float(y))}" for x, y in there + back if _fits(float(y), vertical.log)]
    return f"M{'L'.join(points)}Z" if points else ""


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
    measure = measure_of(quantity)
    texts = {kind: _text(quantity, float(curve[place])) for kind, curve in one.curves.items()}
    values = [
        f"{text} {measure.unit}".strip() if measure.is_gap else f"{_SAID[kind]} {text}" for kind, text in texts.items()
    ]
    at = one.index[place]
    runs = f" ({counted(int(one.series.counts[at]), 'run')})" if one.series.runs > 1 else ""
    return f"epoch {one.series.epochs[at]}{runs}: {', '.join(values)}"


def _text(quantity: str, value: float) -> str:
    if not math.isfinite(value):
        return UNKNOWN
    match measure_of(quantity).format:
        case "percent":
            return percent(value, 1).replace(".0 %", " %")
        case "points":
            return "0" if abs(value) < 0.05 else f"{value:+.1f}".removesuffix(".0")
    return f"{value:.3g}"


def _at_text(x: X, value: float) -> str:
    return f"{value:.1f}" if x == "seconds" else f"{value:,.0f}"
