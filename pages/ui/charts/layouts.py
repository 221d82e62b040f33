"""Axes, legend and marks of the charts of curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from pages.ui.charts import colours
from pages.ui.charts.measures import measure_of
from tl_core.store import Epochs

Marks = dict[str, list[dict[str, Any]]]
"""Plotly's shapes and annotations."""

X_TITLES = {"epoch": "Epoch", "seconds": "Seconds of training", "steps": "Optimiser steps"}
_AT: dict[str, tuple[str, str]] = {
    "epoch": (",d", "Epoch %{x}"),
    "seconds": (".1f", "%{x} s"),
    "steps": (",d", "%{x} steps"),
}
"""How the hover label writes a place of the x axis, as d3 formats are, and what stands around it."""

_TICKS = {"percent": ".2~%", "rate": ".0e"}
"""Formats of ticks, where Plotly's own would not do."""


def number_form(quantity: str) -> str:
    """How a value is written, as d3 formats are."""
    measure = measure_of(quantity)
    return {"percent": ".1%", "points": "+.1f", "rate": ".2e"}.get(measure.format, "+.4f" if measure.is_gap else ".4f")


def gap_form(quantity: str) -> str:
    """How `measures.gap_values` are written in a hover label."""
    return "%{customdata:+.1f} points" if measure_of(quantity).format == "percent" else "%{customdata:+.4f}"


def layout(
    quantity: str, x: str, log: bool, epochs: int, marks: Marks | None = None, aligned: bool = False
) -> dict[str, Any]:
    """The layout of a chart of a quantity over `x`. Zoom lasts as long as an axis means the same; hidden curves always do.

    Args:
        aligned: 0 is where fine-tuning begins.
    """
    measure, (form, at) = measure_of(quantity), _AT[x]
    grid = {"gridcolor": colours.faded(colours.GRID, 0.8), "zeroline": False, "linecolor": colours.GRID}
    return {
        **(marks or {}),
        "uirevision": "always",
        "hovermode": "x unified",
        "hoverdistance": -1,
        "xaxis": {
            **grid,
            "uirevision": f"{x} aligned" if aligned else x,
            "title": {"text": X_TITLES[x] + (", 0: fine-tuning begins" if aligned else ""), "standoff": 6},
            "hoverformat": form,
            "unifiedhovertitle": {"text": at},
            # Ticks between the epochs of a short run would mean nothing.
            **({"dtick": 1} if x == "epoch" and epochs <= 12 else {}),
        },
        "yaxis": {
            **grid,
            "uirevision": f"{quantity} {log}",
            "title": {"text": measure.axis_title, "standoff": 6},
            **({"zeroline": True, "zerolinecolor": colours.faded(colours.TEXT, 0.5)} if measure.is_gap else {}),
            "type": "log" if log else "linear",
            "tickformat": _TICKS.get(measure.format),
            "automargin": True,
        },
    }


def empty(quantity: str, x: str, log: bool, text: str) -> dict[str, Any]:
    """The layout of a chart without curves: a sentence, and no numbers, for Plotly's own would go to 400 %."""
    axes = layout(quantity, x, log, 0, centred_text(text))
    return {**axes, **{name: {**axes[name], "showticklabels": False} for name in ("xaxis", "yaxis")}}


def centred_text(text: str) -> Marks:
    """A sentence in the middle of an empty chart."""
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return {"shapes": [], "annotations": [{**place, "text": text, "font": {"color": colours.TEXT}}]}


def phase_changes(epochs: Epochs, at: np.ndarray, x: str, fork: str = "") -> Marks:
    """A dotted line where a phase ends, with the name of the one that begins. fork: What a line says where a fork continues a phase."""
    begins = {index: str(epochs[index].phase) for index in epochs.phase_starts}
    if fork and 0 < epochs.inherited < len(epochs):
        begins.setdefault(epochs.inherited, fork)
    places = []
    for index, name in sorted(begins.items()):
        # Between two epochs; in seconds and steps, the end of the last one.
        place = float(at[index - 1] + at[index]) / 2 if x == "epoch" else float(at[index - 1])
        places.append((place, name))
    return phase_lines(places)


def phase_lines(begins: Sequence[tuple[float, str]]) -> Marks:
    """A dotted line with a name at each place where a phase begins."""
    marks: Marks = {"shapes": [], "annotations": []}
    for number, (place, name) in enumerate(begins):
        marks["shapes"].append(_upright(place, "dot", colours.faded(colours.TEXT, 0.6)))
        # One lower than the other: in a narrow window the names of short phases would run into each other.
        marks["annotations"].append({**_name(place, escape(name, quote=False)), "yshift": -14 * (number % 2)})
    return marks


def rate_ticks(rates: Iterable[float | None]) -> dict[str, Any]:
    """Ticks of a logarithmic axis: at 1, 2 and 5 of every decade, or only at 1 if there are many decades."""
    seen = [rate for rate in rates if rate]
    return {"dtick": "D2" if seen and max(seen) < 40 * min(seen) else 1}


def rate_line(rate: float, text: str) -> Marks:
    """A line with a name through a learning rate of a logarithmic axis."""
    place = math.log10(rate)  # Plotly wants annotations of such an axis by their logarithm, shapes by their value.
    line = _upright(rate, "dash", colours.TEXT)
    return {"shapes": [line], "annotations": [_name(place, escape(text, quote=False))]}


def band(start: float, end: float, text: str) -> Marks:
    """A grey band between two places, with what it stands for at its foot."""
    filled = {"type": "rect", "xref": "x", "x0": start, "x1": end, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    look = {"fillcolor": colours.faded(colours.TEXT, 0.08), "line": {"width": 0}}
    where = {"x": start, "xanchor": "left", "y": 0, "yref": "paper", "yanchor": "bottom"}
    name = {"text": escape(text, quote=False), "showarrow": False, "font": {"size": 11, "color": colours.TEXT}, **where}
    return {"shapes": [{**filled, **look}], "annotations": [name]}


def onset(start: float, end: float, place: float, text: str, on_right: bool) -> Marks:
    """A band over the interval of a turn with a line at its best estimate; its name stands above it and grows to the right or left."""
    found = band(start, end, text)
    look = {"fillcolor": colours.faded(colours.VALIDATION, 0.14)}
    line = _upright(place, "dashdot", colours.faded(colours.VALIDATION, 0.9))
    where = {"x": start, "y": 1} if on_right else {"x": end, "xanchor": "right", "y": 1}
    (filled,), (name,) = found["shapes"], found["annotations"]
    return {"shapes": [{**filled, **look}, line], "annotations": [name | where]}


def best_line(place: float) -> Marks:
    """The line through the best epoch."""
    return {"shapes": [_upright(place, "solid", colours.faded(colours.VALIDATION, 0.45))], "annotations": []}


def joined(first: Marks, second: Marks) -> Marks:
    return {name: [*first[name], *second[name]] for name in first}


def _upright(place: float, dash: str, colour: str) -> dict[str, Any]:
    line = {"dash": dash, "width": 1, "color": colour}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper", "layer": "below", "line": line}


def _name(place: float, text: str) -> dict[str, Any]:
    """At the top of the line, on its right."""
    where = {"x": place, "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "top"}
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": colours.TEXT}, **where}
