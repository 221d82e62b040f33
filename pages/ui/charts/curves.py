"""The curves of runs as Plotly figures, in plain data: docs/curves.md says what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np

from pages.ui.charts import colours, layouts
from pages.ui.charts.points import json_numbers, smoothed, thinned, x_values
from tl_core.experiment.schedules import is_constant
from tl_core.experiment.spec import ExperimentSpec
from tl_core.metrics import Split, metric_of
from tl_core.store import Epochs

X = Literal["epoch", "seconds"]
Kind = Literal["val", "clean", "reported"]
Figure = dict[str, Any]

SPLITS: dict[Kind, Split] = {"val": "val", "clean": "train_eval", "reported": "train"}
NAMES: dict[Kind, str] = {"val": "Validation", "clean": "Training (clean)", "reported": "Training (reported)"}
_LABELS: dict[Kind, str] = {"val": "validation", "clean": "training", "reported": "reported"}
_RUN_LOOKS: dict[Kind, tuple[str, str]] = {
    "val": (colours.VALIDATION, "solid"),
    "clean": (colours.TRAINING, "solid"),
    "reported": (colours.faded(colours.TRAINING, 0.7), "dash"),
}
_COMPARED_DASHES: dict[Kind, str] = {"val": "solid", "clean": "dash", "reported": "dot"}
NOT_MEASURED = "Not measured in these epochs: they are older than this metric."
NOTHING_YET = "The first point appears when the first epoch is done."
FEW = 30
"""Up to so many epochs each one is marked; a run of one epoch is then seen, too."""


@dataclass(frozen=True)
class Named:
    """A run among others: what the legend calls it, its epochs, and what it stays the same by."""

    title: str
    epochs: Epochs
    id: str = ""


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
    """

    uid: str
    name: str
    colour: str
    dash: str
    values: np.ndarray
    group: str = ""
    said: str = ""
    in_legend: bool = True


def run_figure(
    epochs: Epochs,
    *,
    quantity: str,
    x: X,
    smoothing: float,
    log: bool,
    best: Marked | None,
    inherited_from: str = "",
    fork: str = "",
) -> Figure:
    """One quantity of one run: on validation and in training, clean and reported, as far as it is measured there; the gap between the first
    two is shaded.

    Args:
        epochs: Without any, an empty chart says that the first is to come: so the browser has loaded what draws it by then.
        x: Epochs, or the seconds trained up to the end of each.
        smoothing: The weight of what came before, 0 to 0.95; what was measured then stands faintly behind.
        best: The epoch marked by a star, on the measured value.
        inherited_from: What the run is called that trained the epochs before a fork.
        fork: What the schedule of the learning rate does at a fork; see `fork_mark`.
    """
    if not epochs:
        return {"data": [], "layout": layouts.empty(quantity, x, log, NOTHING_YET)}
    drawn = {
        kind: Curve(kind, NAMES[kind], colour, dash, epochs.column(row.name))
        for kind, (colour, dash) in _RUN_LOOKS.items()
        if (row := metric_of(quantity, SPLITS[kind]))
    }
    if not any(np.isfinite(curve.values).any() for curve in drawn.values()):
        return {"data": [], "layout": layouts.empty(quantity, x, log, NOT_MEASURED)}
    starred = np.flatnonzero(epochs.column("epoch") == best.epoch).tolist() if best else []
    index = thinned([curve.values for curve in drawn.values()], [*starred, *epochs.phase_starts])
    at = x_values(epochs, x)
    data = _traces(list(drawn.values()), at, index, smoothing, quantity)
    if "val" in drawn and "clean" in drawn:
        data = [*_gap(drawn["clean"], drawn["val"], at, index, smoothing), *data]
    marks = layouts.joined(layouts.phase_changes(epochs, at, x, fork), _inherited(epochs, at, x, inherited_from))
    if best and starred:
        if "val" in drawn:
            data.append(_star(drawn["val"], best, at, starred[0]))
        marks = layouts.joined(marks, layouts.best_line(float(at[starred[0]])))
    return {"data": data, "layout": layouts.layout(quantity, x, log, len(epochs), marks)}


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
        data += [{**trace, "text": text} for trace in _traces(drawn, at, index, smoothing, quantity)]
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
            name=escape(run.title, quote=False),
            colour=colours.of_run(number),
            dash=_COMPARED_DASHES[kind],
            values=curves[kind],
            group=group,
            said=f" {_LABELS[kind]}{said}",
            in_legend=kind == measured[0],
        )
        for kind in measured
    ]


def _inherited(epochs: Epochs, at: np.ndarray, x: X, title: str) -> layouts.Marks:
    """The band over the epochs that another run trained; nothing if there are none."""
    count = epochs.inherited
    if not count:
        return layouts.phase_lines(())
    start, end = (0.0, float(at[count - 1])) if x == "seconds" else (float(at[0]) - 0.5, float(at[count - 1]) + 0.5)
    return layouts.band(start, end, f"inherited from {title}" if title else "inherited")


def fork_mark(spec: ExperimentSpec | None) -> str:
    """What the schedule of the learning rate does where a fork begins; empty if it is constant, or the run is no fork."""
    if spec is None or not spec.start.run or spec.head.solved or is_constant(spec.schedule):
        return ""
    return "schedule restarts" if spec.start.schedule_from is None else "schedule continues"


def rates_figure(epochs: Epochs, *, x: X, log: bool = True, fork: str = "") -> Figure:
    """The learning rate of each group of weights; solved classifiers have none."""
    drawn = [
        Curve(group, group, colours.of_run(2 + number), "solid", epochs.column(f"learning_rate.{group}"))
        for number, group in enumerate(epochs.rate_groups)
    ]
    at = x_values(epochs, x)
    index = thinned([curve.values for curve in drawn], epochs.phase_starts)
    data = _traces(drawn, at, index, 0.0, "learning rate")
    marks = layouts.joined(layouts.phase_changes(epochs, at, x, fork), _inherited(epochs, at, x, ""))
    layout = layouts.layout("learning rate", x, log, len(epochs), marks)
    if log:
        layout["yaxis"] |= layouts.rate_ticks(rate for trace in data for rate in trace["y"])
    return {"data": data, "layout": layout}


def _traces(
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
        **_base(curve, at, index, shown),
        "name": curve.name,
        "showlegend": curve.in_legend,
        "mode": "lines+markers" if len(at) <= FEW else "lines",
        "marker": {"size": 6},
        "line": {"color": curve.colour, "dash": curve.dash, "width": 2},
        "customdata": json_numbers(curve.values[index]) if both else None,
        "hovertemplate": said,
    }


def _measured_behind(curve: Curve, at: np.ndarray, index: np.ndarray) -> dict[str, Any]:
    return {
        **_base(curve, at, index, curve.values),
        "uid": f"{curve.uid}-measured",
        "mode": "lines",
        "line": {"color": curve.colour, "width": 1},
        "opacity": 0.3,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _base(curve: Curve, at: np.ndarray, index: np.ndarray, shown: np.ndarray) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": curve.uid,
        "legendgroup": curve.group or curve.uid,
        "x": json_numbers(at[index]),
        "y": json_numbers(shown[index]),
        "connectgaps": True,
    }


def _gap(clean: Curve, validation: Curve, at: np.ndarray, index: np.ndarray, smoothing: float) -> list[dict[str, Any]]:
    """Clean training and validation once more, unseen, with the space between them filled: it is hidden by its own entry."""
    edges = [
        Curve("gap", "Gap", colours.GAP, "solid", smoothed(curve.values, smoothing)) for curve in (clean, validation)
    ]
    unseen = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    lower, upper = ({**_base(curve, at, index, curve.values), **unseen, "name": curve.name} for curve in edges)
    fill = {"fill": "tonexty", "fillcolor": colours.faded(colours.GAP, 0.18)}
    return [{**lower, "uid": "gap-from", "showlegend": False}, {**upper, **fill, "legendrank": 2000}]


def _star(validation: Curve, best: Marked, at: np.ndarray, place: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": "best",
        "legendgroup": "best",
        "name": f"{best.title} ({best.epoch})",
        "x": json_numbers(at[[place]]),
        "y": json_numbers(validation.values[[place]]),
        "mode": "markers",
        "marker": {
            "symbol": "star",
            "size": 15,
            "color": colours.VALIDATION,
            "line": {"width": 1, "color": colours.TEXT},
        },
        "hoverinfo": "skip",
    }
