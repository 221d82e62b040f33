"""The best values of the compared runs, and the settings in which they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.common.settings_text import Cell, changes_text, draw_table, title_with_unit, valued
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.markdown import plain
from tl_core.experiment.spec import PARAMETERS
from tl_core.metrics import METRICS, Metric
from tl_core.text import duration, percent, percent_value

CHANGED = "Changed during training"


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "Best": config.TextColumn("", help="★ marks the highest validation accuracy.", width=40),
        "Run": config.TextColumn(width=160),
        **{row.column: _metric_column(row) for row in METRICS if row.compared},
        "At epoch": config.NumberColumn(
            help="The epoch in which the highest validation accuracy was first reached.", width=80
        ),
        "Gap": config.NumberColumn(
            format="%+.1f",
            help="Clean training accuracy minus validation accuracy, at the epoch of the best accuracy, in percentage points.",
            width=70,
        ),
        "Test accuracy": config.NumberColumn(
            format="%.1f %%",
            help="Of the exported epoch, on images used neither for training nor for validation.",
            width=110,
        ),
        "Time": config.TextColumn(help="From the start of the run to its end.", width=95),
        "Status": config.TextColumn(width=90),
    }


def _metric_column(row: Metric) -> Any:
    extreme = "lowest" if row.direction == "lower" else "highest"
    form = "%.1f %%" if row.format == "percent" else "%.4f"
    help = f"The {extreme} of all epochs, in whichever it was reached. {row.help}"
    return st.column_config.NumberColumn(format=form, help=help, width=40 + 5 * len(row.column))


def draw_results(runs: Sequence[ComparedRun]) -> None:
    st.subheader("Best values")
    st.dataframe(
        results(runs),
        key="compared_results",
        hide_index=True,
        placeholder="–",
        height="content",
        column_config=_columns(),
        alt="Of each run the best value of each validation metric, the epoch and gap of the highest accuracy, test accuracy and time.",
    )
    st.caption(plain(uncertainty(runs)))


def results(runs: Sequence[ComparedRun]) -> pd.DataFrame:
    """A row a run; those of the highest validation accuracy are marked."""
    highest = max((run.best.metrics["val_accuracy"] for run in runs if run.best), default=None)
    return pd.DataFrame([_result(run, highest) for run in runs], columns=list(_columns()))


def _result(run: ComparedRun, highest: float | None) -> dict[str, Any]:
    best = run.best
    known = {"Run": run.name, "Status": run.state.status, "Time": duration(run.state.seconds)}
    if best is None:
        return {"Best": "", **known}
    return {
        **known,
        "Best": "★" if best.metrics["val_accuracy"] == highest else "",
        **{row.column: _best_value(run, row) for row in METRICS if row.compared},
        "At epoch": best.epoch,
        "Gap": percent_value(best.gap),
        "Test accuracy": percent_value(run.state.test_accuracy),
    }


def _best_value(run: ComparedRun, row: Metric) -> float | None:
    best = run.epochs.best(row.name)
    value = best.metrics.get(row.name) if best else None
    return percent_value(value) if row.format == "percent" else value


def uncertainty(runs: Sequence[ComparedRun]) -> str:
    """How far the best accuracy may be off by chance: its standard error, sqrt(p (1 - p) / n); empty if n is not known."""
    found = [(run.best.metrics["val_accuracy"], run) for run in runs if run.best]
    share, best = max(found, key=lambda pair: pair[0], default=(0.0, None))
    images = best and best.state.images.get("validation")
    if not images:
        return ""
    error = math.sqrt(share * (1 - share) / images)
    return (
        f"{percent(share)} on {images:,} validation images has a standard error of {100 * error:.1f} points: "
        "smaller differences may be chance."
    )


def draw_differences(runs: Sequence[ComparedRun]) -> None:
    st.subheader("Settings that differ")
    rows = differences(runs)
    if not rows:
        st.caption("These runs have the same settings.")
        return
    draw_table(
        ["Setting", *(run.name for run in runs)], rows, "The settings in which the runs differ, one column a run."
    )


def differences(runs: Sequence[ComparedRun]) -> list[list[Cell]]:
    """A row for each setting that is not the same in all runs, and one for what was changed while they trained: in each run."""
    rows = [(param, [run.spec.value(param.path) for run in runs]) for param in PARAMETERS]
    differing = [
        [Cell(title_with_unit(param), param.path), *(valued(param, value) for value in values)]
        for param, values in rows
        if any(value != values[0] for value in values)
    ]
    changed = [Cell(CHANGED), *(Cell(_changed(run)) for run in runs)]
    return [*differing, changed] if any(run.live_changes for run in runs) else differing


def _changed(run: ComparedRun) -> str:
    """Such as "from epoch 4 on: dropout 0.5"; a dash where nothing was."""
    parts = [f"from epoch {entry.epoch} on: {changes_text(run.spec, entry.values)}" for entry in run.live_changes]
    return "; ".join(parts) or "–"
