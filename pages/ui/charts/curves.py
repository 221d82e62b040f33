"""The curves of runs as Plotly figures, in plain data: docs/curves.md says what they show."""

from __future__ import annotations

from typing import Any

import numpy as np

from pages.ui.charts import colours, layouts
from pages.ui.charts.measures import SPLITS, Kind, gap_values
from pages.ui.charts.points import json_numbers, smoothed, thinned, x_values
from pages.ui.charts.ranges import epochs_range, values_range
from pages.ui.charts.traces import NO_PLACE, NOT_MEASURED, Curve, Figure, Marked, X, base, star, traces
from tl_core.diagnosis import Turn
from tl_core.experiment.schedules import is_constant
from tl_core.experiment.spec import ExperimentSpec
from tl_core.metrics import metric_of
from tl_core.store import Epochs

NAMES: dict[Kind, str] = {"val": "Validation", "clean": "Training (clean)", "reported": "Training (reported)"}
_RUN_LOOKS: dict[Kind, tuple[str, str]] = {
    "val": (colours.VALIDATION, "solid"),
    "clean": (colours.TRAINING, "solid"),
    "reported": (colours.faded(colours.TRAINING, 0.7), "dash"),
}
NOTHING_YET = "The first point appears when the first epoch is done."


def run_figure(
    epochs: Epochs,
    *,
    quantity: str,
    x: X,
    smoothing: float,
    log: bool,
    best: Marked | None,
    planned: int = 0,
    inherited_from: str = "",
    fork: str = "",
    steps: np.ndarray | None = None,
    turn: Turn | None = None,
) -> Figure:
    """One quantity of one run: on validation and in training, clean and reported, as far as it is measured there; the gap between the first
    two is shaded.

    Args:
        epochs: Without any, an empty chart says that the first is to come: so the browser has loaded what draws it by then.
        x: Epochs, or the seconds or optimiser steps up to the end of each.
        smoothing: The weight of what came before, 0 to 0.95; what was measured then stands faintly behind.
        best: The epoch marked by a star, on the measured value.
        planned: The last epoch that the run will have, up to which the axis of epochs goes from the beginning; 0 if it ends with the curves.
        inherited_from: What the run is called that trained the epochs before a fork.
        fork: What the schedule of the learning rate does at a fork; see `fork_mark`.
        steps: Optimiser steps up to the end of each epoch.
        turn: When the validation loss turned: a band over its interval.
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
    at = x_values(epochs, x, steps)
    if not np.isfinite(at).any():
        return {"data": [], "layout": layouts.empty(quantity, x, log, NO_PLACE)}
    data = traces(list(drawn.values()), at, index, smoothing, quantity)
    if "val" in drawn and "clean" in drawn:
        data = [*_gap(drawn["clean"], drawn["val"], at, index, smoothing, quantity), *data]
    marks = layouts.joined(layouts.phase_changes(epochs, at, x, fork), _inherited(epochs, at, x, inherited_from))
    if turn and "val" in drawn:
        marks = layouts.joined(marks, _onset(epochs, at, x, turn, planned))
    if best and starred:
        if "val" in drawn:
            data.append(star(drawn["val"], best, at, starred[0]))
        marks = layouts.joined(marks, layouts.best_line(float(at[starred[0]])))
    layout = layouts.layout(quantity, x, log, max(planned, len(epochs)), marks)
    if x == "epoch":
        layout["xaxis"]["range"] = epochs_range(epochs[0].epoch, max(planned, epochs[-1].epoch))
    # Not what training reported: under strong dropout it is far off, and would flatten the curves that can be compared.
    compared = [curve.values for kind, curve in drawn.items() if kind != "reported"]
    if spans := values_range(compared, log):
        layout["yaxis"]["range"] = spans
    return {"data": data, "layout": layout}


def _onset(epochs: Epochs, at: np.ndarray, x: X, turn: Turn, planned: int) -> layouts.Marks:
    """The band over the epochs in which the validation loss may have turned."""
    numbers = epochs.column("epoch")
    low, best, high = (float(np.interp(epoch, numbers, at)) for epoch in (turn.low, turn.epoch, turn.high))
    half = 0.5 if x == "epoch" else 0.0
    last = max(float(at[-1]), planned if x == "epoch" else 0.0)
    text = f"loss turned: {turn.epoch} ({turn.low} to {turn.high})"
    return layouts.onset(low - half, high + half, best, text, on_right=high < last / 2)


def _inherited(epochs: Epochs, at: np.ndarray, x: X, title: str) -> layouts.Marks:
    """The band over the epochs that another run trained; nothing if there are none."""
    count = epochs.inherited
    if not count:
        return layouts.phase_lines(())
    start, end = (float(at[0]) - 0.5, float(at[count - 1]) + 0.5) if x == "epoch" else (0.0, float(at[count - 1]))
    return layouts.band(start, end, f"inherited from {title}" if title else "inherited")


def fork_mark(spec: ExperimentSpec | None) -> str:
    """What the schedule of the learning rate does where a fork begins; empty if it is constant, or the run is no fork."""
    if spec is None or not spec.start.run or spec.head.solved or is_constant(spec.schedule):
        return ""
    return "schedule restarts" if spec.start.schedule_from is None else "schedule continues"


def rates_figure(
    epochs: Epochs, *, x: X, log: bool = True, planned: int = 0, fork: str = "", steps: np.ndarray | None = None
) -> Figure:
    """The learning rate of each group of weights; solved classifiers have none."""
    drawn = [
        Curve(group, group, colours.of_run(2 + number), "solid", epochs.column(f"learning_rate.{group}"))
        for number, group in enumerate(epochs.rate_groups)
    ]
    at = x_values(epochs, x, steps)
    index = thinned([curve.values for curve in drawn], epochs.phase_starts)
    data = traces(drawn, at, index, 0.0, "learning rate")
    marks = layouts.joined(layouts.phase_changes(epochs, at, x, fork), _inherited(epochs, at, x, ""))
    layout = layouts.layout("learning rate", x, log, max(planned, len(epochs)), marks)
    if x == "epoch" and epochs:
        layout["xaxis"]["range"] = epochs_range(epochs[0].epoch, max(planned, epochs[-1].epoch))
    if log:
        layout["yaxis"] |= layouts.rate_ticks(rate for trace in data for rate in trace["y"])
    return {"data": data, "layout": layout}


def _gap(
    clean: Curve, validation: Curve, at: np.ndarray, index: np.ndarray, smoothing: float, quantity: str
) -> list[dict[str, Any]]:
    """Clean training and validation once more, unseen, with the space between them filled: it is hidden by its own entry.

    The hover label has the measured gap: what validation lacks in accuracy, or has more of loss.
    """
    edges = [
        Curve("gap", "Gap", colours.GAP, "solid", smoothed(curve.values, smoothing)) for curve in (clean, validation)
    ]
    unseen = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    lower, upper = ({**base(curve, at, index, curve.values), **unseen, "name": curve.name} for curve in edges)
    fill = {"fill": "tonexty", "fillcolor": colours.faded(colours.GAP, 0.18)}
    gap = gap_values(quantity, clean.values, validation.values)
    label = {"hoverinfo": "all", "hovertemplate": layouts.gap_form(quantity), "customdata": json_numbers(gap[index])}
    return [{**lower, "uid": "gap-from", "showlegend": False}, {**upper, **fill, **label, "legendrank": 2000}]
