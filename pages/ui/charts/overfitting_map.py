"""The overfitting map: clean training across, validation up, the diagonal where both are equal; each run is a path over its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pages.ui.charts import colours, layouts
from pages.ui.charts.comparison import legend_name
from pages.ui.charts.measures import Kind, measure_of
from pages.ui.charts.points import json_numbers, last_known, smoothed, thinned
from pages.ui.charts.ranges import values_range
from pages.ui.charts.series import Series
from pages.ui.charts.traces import NOT_MEASURED, Figure, star_at

MOST_POINTS = 150
"""About the most epochs of a path; more would not be told apart."""

NO_GAP = "no gap"

_KINDS: tuple[Kind, Kind] = ("clean", "val")


def map_figure(runs: Sequence[Series], *, quantity: str, smoothing: float = 0.0, log: bool = False) -> Figure:
    """The paths of runs in accuracy or loss; a symbol marks the last epoch, a star the exported one. A click on a path opens its run.

    Args:
        runs: With the curves "val" and "clean"; others are left out.
        smoothing: Of the paths, as in `smoothed`; stars stay on the measured values.
    """
    drawn = [one for one in runs if {"val", "clean"} <= one.curves.keys()]
    if runs and not drawn:
        return {"data": [], "layout": layouts.empty(quantity, "epoch", log, NOT_MEASURED)}
    data = [trace for number, one in enumerate(drawn) for trace in _path(one, number, quantity, smoothing)]
    span = values_range([one.curves[kind].values for one in drawn for kind in ("val", "clean")], log)
    return {"data": data, "layout": _layout(quantity, log, span)}


def _path(one: Series, number: int, quantity: str, smoothing: float) -> list[dict[str, Any]]:
    clean, validation = (smoothed(one.curves[kind].values, smoothing) for kind in _KINDS)
    colour, symbol = one.colour or colours.of_run(number), colours.symbol(number)
    index = thinned([clean, validation], [one.star] if one.star is not None else [], MOST_POINTS)
    form = layouts.number_form(quantity)
    name = legend_name(one.title)
    shared: dict[str, Any] = {"type": "scatter", "legendgroup": one.id, "hovertemplate": _hover(name, form)}
    opens = {"open": one.members[0]} if len(one.members) == 1 else {}
    line = {
        **shared,
        "uid": f"{one.id}-path",
        "name": name,
        "x": json_numbers(clean[index]),
        "y": json_numbers(validation[index]),
        "text": [str(one.epochs[at]) for at in index],
        "mode": "lines+markers",
        "marker": {"size": 4},
        "line": {"color": colour, "width": 2},
        "meta": {"end": one.title, "symbol": colours.SYMBOLS[symbol], **opens},
    }
    last = last_known(clean, validation)
    if last is None:
        return [line]
    end = {
        **shared,
        "uid": f"{one.id}-last",
        "x": json_numbers(clean[[last]]),
        "y": json_numbers(validation[[last]]),
        "text": [f"{one.epochs[last]}, the last"],
        "mode": "markers",
        "marker": {"size": 12, "symbol": symbol, "color": colour, "line": {"width": 2, "color": colour}},
        "showlegend": False,
        "meta": opens,
    }
    return [line, end, *_star(one, colour)]


def _star(one: Series, colour: str) -> list[dict[str, Any]]:
    if one.star is None:
        return []
    drawn = star_at(one.curves["clean"].values[one.star], one.curves["val"].values[one.star], colour, 15)
    return [{**drawn, "uid": f"{one.id}-star", "legendgroup": one.id, "showlegend": False}]


def _hover(name: str, form: str) -> str:
    return f"{name}<br>epoch %{{text}}<br>training %{{x:{form}}}<br>validation %{{y:{form}}}<extra></extra>"


def _layout(quantity: str, log: bool, span: list[float] | None) -> dict[str, Any]:
    layout = layouts.layout(quantity, "epoch", log, 0)
    axis = {**layout["yaxis"], **({"range": span} if span else {})}
    title = measure_of(quantity).title.lower()
    marks = _diagonal(span, log, measure_of(quantity).format == "percent") if span else {}
    return {
        **layout,
        **marks,
        "hovermode": "closest",
        "hoverdistance": 20,
        "xaxis": {**axis, "title": {"text": f"Clean training {title}", "standoff": 6}},
        "yaxis": {**axis, "title": {"text": f"Validation {title}", "standoff": 6}},
    }


def _diagonal(span: list[float], log: bool, higher_is_better: bool) -> dict[str, Any]:
    """Where training and validation are equal, and on which side of it a run memorises."""
    low, high = span
    ends = [10**low, 10**high] if log else span
    line = {"dash": "dash", "width": 1, "color": colours.faded(colours.TEXT, 0.6)}
    shape = {"type": "line", "x0": ends[0], "y0": ends[0], "x1": ends[1], "y1": ends[1], "layer": "below", "line": line}
    # Below the diagonal validation is worse in accuracy, above it in loss.
    across, up = (1, 0) if higher_is_better else (0, 1)
    corner = {"xref": "paper", "yref": "paper", "x": across, "y": up, "showarrow": False}
    anchors = {"xanchor": "right" if across else "left", "yanchor": "top" if up else "bottom"}
    font = {"size": 12, "color": colours.faded(colours.TEXT, 0.75)}
    memorised = {**corner, **anchors, "text": "training better than validation", "font": font}
    at = high - 0.04 * (high - low)
    name = {"x": at, "y": at, "text": NO_GAP, "showarrow": False, "xanchor": "right", "yanchor": "bottom", "font": font}
    return {"shapes": [shape], "annotations": [memorised, name]}
