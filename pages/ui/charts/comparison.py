"""The curves of several runs in one Plotly figure, in plain data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np

from pages.ui.charts import colours, layouts, traces
from pages.ui.charts.measures import Kind, Measure, measure_of
from pages.ui.charts.points import json_numbers, last_known, smoothed, thinned
from pages.ui.charts.series import Series
from pages.ui.charts.traces import NO_PLACE, NOT_MEASURED, Figure, X, star_at
from tl_core.text import counted

KINDS: dict[Kind, tuple[str, str]] = {
    "val": ("validation", "solid"),
    "clean": ("training", "dash"),
    "reported": ("reported", "dot"),
}
"""What labels call each kind of curve, and its dash, as Plotly names them."""

LEGEND = 40
"""Characters of a line of the legend, which has to fit a narrow window."""


def compare_figure(
    drawn: Sequence[Series], *, quantity: str, x: X, smoothing: float = 0.0, log: bool = False, aligned: bool = False
) -> Figure:
    """Several runs in one chart: a colour and a symbol each; validation solid, clean training dashed, reported dotted.

    Several runs as one are their mean, in a band from the lowest to the highest of them.
    """
    # Runs of other lengths, and epochs of other durations, do not meet at one place of the x axis.
    named = x != "epoch" or len({len(one.epochs) for one in drawn}) > 1
    data: list[dict[str, Any]] = []
    for number, one in enumerate(drawn):
        data += _traces(one, number, len(drawn), quantity, smoothing, named)
    longest = max((len(one.epochs) for one in drawn), default=0)
    if longest and not data:
        return {"data": [], "layout": layouts.empty(quantity, x, log, NOT_MEASURED)}
    if data and not any(np.isfinite(one.at).any() for one in drawn):
        return {"data": [], "layout": layouts.empty(quantity, x, log, NO_PLACE)}
    layout = layouts.layout(quantity, x, log, longest, aligned=aligned)
    groups = {run: one.id for one in drawn for run in one.members}
    return {"data": data, "layout": {**layout, "meta": {"groups": groups}}}


def _traces(one: Series, number: int, among: int, quantity: str, smoothing: float, named: bool) -> list[dict[str, Any]]:
    curves = _curves(one, number, among, measure_of(quantity), ", epoch %{text}" if named else "")
    index = thinned([curve.values for curve in curves], [one.star] if one.star is not None else [])
    text = _texts(one, index) if named or one.runs > 1 else None
    bands = [
        band
        for curve, (kind, found) in zip(curves, one.curves.items(), strict=True)
        if found.low is not None and found.high is not None
        for band in _band(curve, kind, one, index, found.low, found.high, smoothing)
    ]
    lines = [{**trace, "text": text} for trace in traces.traces(curves, one.at, index, smoothing, quantity)]
    return [*bands, *lines, *_star(one, curves)]


def legend_name(title: str) -> str:
    """A title as legend and hover labels show it: broken into lines; neither markup in it nor what Plotly fills in (%{x}) is taken as such."""
    return "<br>".join(escape(line, quote=False).replace("%{", "&#37;{") for line in wrap(title, LEGEND))


def _curves(one: Series, number: int, among: int, measure: Measure, said: str) -> list[traces.Curve]:
    said = said if one.runs == 1 else ", mean of %{text}"
    first = next(iter(one.curves), None)
    return [
        traces.Curve(
            uid=f"{one.id}-{kind}",
            name=legend_name(one.title),
            colour=one.colour or colours.of_run(number),
            dash=KINDS[kind][1],
            values=curve.values,
            group=one.id,
            said=f" {measure.unit if measure.is_gap else KINDS[kind][0]}{said}",
            in_legend=kind == first,
            at_end=one.title if kind == first else "",
            marker=colours.symbol(number) if among > 1 else "",
        )
        for kind, curve in one.curves.items()
    ]


def _texts(one: Series, index: np.ndarray) -> list[str]:
    """The text of the hover label of each point besides the value."""
    if one.runs == 1:
        return [str(one.epochs[at]) for at in index]
    return [f"{counted(int(one.counts[at]), 'run')}, epoch {one.epochs[at]}" for at in index]


def _band(
    curve: traces.Curve, kind: Kind, one: Series, index: np.ndarray, low: np.ndarray, high: np.ndarray, smoothing: float
) -> list[dict[str, Any]]:
    """From the lowest to the highest of several runs, smoothed as their mean is."""
    edges = (smoothed(edge, smoothing) if smoothing else edge for edge in (low, high))
    unseen = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "connectgaps": True}
    shared = {"type": "scatter", "legendgroup": curve.group, "x": json_numbers(one.at[index]), **unseen}
    under, over = ({**shared, "y": json_numbers(edge[index])} for edge in edges)
    filled = {"fill": "tonexty", "fillcolor": colours.faded(curve.colour, 0.2 if kind == "val" else 0.1)}
    return [{**under, "uid": f"{one.id}-{kind}-low"}, {**over, **filled, "uid": f"{one.id}-{kind}-high"}]


def _star(one: Series, curves: Sequence[traces.Curve]) -> list[dict[str, Any]]:
    """The star of a run at its exported epoch, if its validation curve is drawn; it is hidden with it."""
    validation = next((curve for curve in curves if curve.uid == f"{one.id}-val"), None)
    if one.star is None or validation is None or not np.isfinite(validation.values[one.star]):
        return []
    own = {"uid": f"{one.id}-star", "legendgroup": one.id, "showlegend": False}
    return [{**star_at(one.at[one.star], validation.values[one.star], validation.colour, 14), **own}]


def said_of(drawn: Sequence[Series], quantity: str, x: X) -> str:
    """What the chart shows, in words: where each run ends, in the first kind of curve that is drawn."""
    measure = measure_of(quantity)
    kind = next((kind for kind in KINDS if any(kind in one.curves for one in drawn)), None)
    ends = [] if kind is None else [f"{one.title} {end}" for one in drawn if (end := _end_text(one, kind, measure))]
    if kind is None or not ends:
        return f"{measure.title}: {NOT_MEASURED}"
    over = {"epoch": "epoch", "seconds": "seconds", "steps": "optimiser steps"}[x]
    what = "" if measure.is_gap else f"{KINDS[kind][0]} "
    return f"{measure.title} of {counted(sum(one.runs for one in drawn), 'run')} by {over}; {what}at the end: {', '.join(ends)}."


def _end_text(one: Series, kind: Kind, measure: Measure) -> str:
    """The last value of a curve with its unit; empty if there is none."""
    curve = one.curves.get(kind)
    if curve is None or (last := last_known(curve.values)) is None:
        return ""
    value = curve.values[last]
    return f"{value:+.1f} points" if measure.format == "points" else f"{value:.3f}"
