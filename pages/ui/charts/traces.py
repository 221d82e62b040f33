"""Curves as Plotly's traces, in plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pages.ui.charts import colours, layouts
from pages.ui.charts.points import json_numbers, smoothed

X = Literal["epoch", "seconds", "steps"]
Figure = dict[str, Any]

NOT_MEASURED = "Not measured in these epochs: they are older than this metric."
NO_PLACE = "How many images trained is not known, so there are no steps."
FEW = 30
"""Up to so many epochs each one is marked; a run of one epoch is then seen, too."""

MARKERS = 12
"""About so many points of a curve among others carry the symbol of its run."""


@dataclass(frozen=True)
class Marked:
    """The epoch that a star marks, and what the legend calls it."""

    epoch: int
    title: str


@dataclass(frozen=True)
class Curve:
    """A line to draw.

    Attributes:
        uid: What it stays the same by, from one drawing to the next.
        group: Curves that one entry of the legend hides together; empty for a curve on its own.
        said: What the hover label says behind the value, with %{text} for the epoch.
        in_legend: False if another curve of the group stands there.
        at_end: What is written at its last point.
        marker: The symbol on some of its points, as Plotly names it; by default all points of a short run have a dot.
    """

    uid: str
    name: str
    colour: str
    dash: str
    values: np.ndarray
    group: str = ""
    said: str = ""
    in_legend: bool = True
    at_end: str = ""
    marker: str = ""


def traces(
    drawn: Sequence[Curve], at: np.ndarray, index: np.ndarray, smoothing: float, quantity: str
) -> list[dict[str, Any]]:
    """The lines of the curves; where they are smoothed, with what was measured faintly behind."""
    behind = [_measured_behind(curve, at, index) for curve in drawn] if smoothing else []
    return behind + [_line(curve, at, index, smoothing, quantity) for curve in drawn]


def _line(curve: Curve, at: np.ndarray, index: np.ndarray, smoothing: float, quantity: str) -> dict[str, Any]:
    shown = smoothed(curve.values, smoothing) if smoothing else curve.values
    form = layouts.number_form(quantity)
    # Among several runs there is no room for a second value.
    both = bool(smoothing) and not curve.said
    said = f"%{{y:{form}}}" + (f" (measured %{{customdata:{form}}})" if both else "") + curve.said
    return {
        **base(curve, at, index, shown),
        "name": curve.name,
        "showlegend": curve.in_legend,
        "mode": "lines+markers" if curve.marker or len(at) <= FEW else "lines",
        "marker": {"size": 8, "symbol": curve.marker, "maxdisplayed": MARKERS} if curve.marker else {"size": 6},
        "line": {"color": curve.colour, "dash": curve.dash, "width": 2},
        "customdata": json_numbers(curve.values[index]) if both else None,
        "hovertemplate": said,
        "meta": {"end": curve.at_end, "symbol": colours.SYMBOLS.get(curve.marker, "")} if curve.at_end else None,
    }


def _measured_behind(curve: Curve, at: np.ndarray, index: np.ndarray) -> dict[str, Any]:
    return {
        **base(curve, at, index, curve.values),
        "uid": f"{curve.uid}-measured",
        "mode": "lines",
        "line": {"color": curve.colour, "width": 1},
        "opacity": 0.3,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def base(curve: Curve, at: np.ndarray, index: np.ndarray, shown: np.ndarray) -> dict[str, Any]:
    """What the traces of a curve have in common, with other values in its place."""
    return {
        "type": "scatter",
        "uid": curve.uid,
        "legendgroup": curve.group or curve.uid,
        "x": json_numbers(at[index]),
        "y": json_numbers(shown[index]),
        "connectgaps": True,
    }


def star(validation: Curve, best: Marked, at: np.ndarray, place: int) -> dict[str, Any]:
    """A star on the value measured in an epoch, with an entry in the legend."""
    drawn = star_at(at[place], validation.values[place], colours.VALIDATION, 15)
    return {**drawn, "uid": "best", "legendgroup": "best", "name": f"{best.title} ({best.epoch})"}


def star_at(across: float, up: float, colour: str, size: int) -> dict[str, Any]:
    """A star at a place of a chart."""
    return {
        "type": "scatter",
        "x": json_numbers(np.array([across])),
        "y": json_numbers(np.array([up])),
        "mode": "markers",
        "marker": {"symbol": "star", "size": size, "color": colour, "line": {"width": 1, "color": colours.TEXT}},
        "hoverinfo": "skip",
    }
