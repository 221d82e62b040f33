"""The curves of several runs in one Plotly figure, in plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np

from pages.ui.charts import colours, layouts
from pages.ui.charts.points import thinned, x_values
from pages.ui.charts.traces import NOT_MEASURED, SPLITS, Curve, Figure, Kind, Marked, X, star, traces
from tl_core.metrics import metric_of
from tl_core.store import Epochs

_LABELS: dict[Kind, str] = {"val": "validation", "clean": "training", "reported": "reported"}
_COMPARED_DASHES: dict[Kind, str] = {"val": "solid", "clean": "dash", "reported": "dot"}
LEGEND = 40
"""Characters of a line of the legend, which has to fit a narrow window."""


@dataclass(frozen=True)
class Named:
    """A run among others: what the legend calls it, its epochs, what it stays the same by, its colour, and the epoch with the star."""

    title: str
    epochs: Epochs
    id: str = ""
    colour: str = ""
    best: Marked | None = None


def compare_figure(
    runs: Sequence[Named], *, quantity: str, x: X, smoothing: float, log: bool, show: Sequence[Kind]
) -> Figure:
    """Several runs in one chart: a colour a run, in the order given; validation solid, clean training dashed, reported dotted."""
    # Runs of other lengths, and epochs of other durations, do not meet at one place of the x axis.
    named = x == "seconds" or len({len(run.epochs) for run in runs}) > 1
    data = []
    for number, run in enumerate(runs):
        drawn = _compared(run, number, quantity, show, ", epoch %{text}" if named else "")
        index = thinned([curve.values for curve in drawn])
        text = [str(run.epochs[at].epoch) for at in index] if named else None
        at = x_values(run.epochs, x)
        data += [{**trace, "text": text} for trace in traces(drawn, at, index, smoothing, quantity)]
        data += _compared_star(run, drawn, at)
    longest = max((len(run.epochs) for run in runs), default=0)
    if longest and show and not data:
        return {"data": [], "layout": layouts.empty(quantity, x, log, NOT_MEASURED)}
    return {"data": data, "layout": layouts.layout(quantity, x, log, longest)}


def _compared(run: Named, number: int, quantity: str, show: Sequence[Kind], said: str) -> list[Curve]:
    group = run.id or str(number)
    rows = {kind: metric_of(quantity, SPLITS[kind]) for kind in _COMPARED_DASHES if kind in show}
    curves = {kind: run.epochs.column(row.name) for kind, row in rows.items() if row}
    measured = [kind for kind, curve in curves.items() if np.isfinite(curve).any()]
    return [
        Curve(
            uid=f"{group}-{kind}",
            name="<br>".join(map(_escaped, wrap(run.title, LEGEND))),
            colour=run.colour or colours.of_run(number),
            dash=_COMPARED_DASHES[kind],
            values=curves[kind],
            group=group,
            said=f" {_LABELS[kind]}{said}",
            in_legend=kind == measured[0],
            at_end=run.title if kind == measured[0] else "",
        )
        for kind in measured
    ]


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _compared_star(run: Named, drawn: Sequence[Curve], at: np.ndarray) -> list[dict[str, Any]]:
    """The star of a run at its exported epoch, if its validation curve is drawn; it is hidden with it."""
    validation = next((curve for curve in drawn if curve.uid.endswith("-val")), None)
    places = np.flatnonzero(run.epochs.column("epoch") == run.best.epoch).tolist() if run.best else []
    if run.best is None or validation is None or not places:
        return []
    drawn_star = star(validation, run.best, at, places[0])
    marker = {**drawn_star["marker"], "size": 12, "color": validation.colour}
    own = {"uid": f"{validation.group}-star", "legendgroup": validation.group, "showlegend": False, "marker": marker}
    return [{**drawn_star, **own}]
