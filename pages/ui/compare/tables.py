"""The best values of the compared runs, and the settings in which they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.common import setting_table
from pages.ui.common.setting_table import Cell, valued
from pages.ui.common.settings_text import changes_text, title_with_unit
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.markdown import plain
from tl_core import store
from tl_core.experiment.spec import PARAMETERS
from tl_core.text import duration, percent, percent_value

CHANGED = "Changed during training"

_COLUMNS = {
    "Best": st.column_config.TextColumn("", help="★ marks the highest validation accuracy.", width=40),
    "Run": st.column_config.TextColumn(width=160),
    "Val. accuracy": st.column_config.NumberColumn(
        format="%.1f %%", help="The highest on validation images.", width=105
    ),
    "At epoch": st.column_config.NumberColumn(help="The epoch in which it was first reached.", width=80),
    "Val. loss": st.column_config.NumberColumn(
        format="%.4f", help="The lowest on validation images, in whichever epoch.", width=85
    ),
    "Gap": st.column_config.NumberColumn(
        format="%+.1f",
        help="Clean training accuracy minus validation accuracy, at the epoch of the best accuracy, in percentage points.",
        width=70,
    ),
    "Test accuracy": st.column_config.NumberColumn(
        format="%.1f %%",
        help="Of the exported epoch, on images used neither for training nor for validation.",
        width=110,
    ),
    "Time": st.column_config.TextColumn(help="From the start of the run to its end.", width=95),
    "Status": st.column_config.TextColumn(width=90),
}


def draw_results(runs: Sequence[ComparedRun]) -> None:
    st.subheader("Best values")
    st.dataframe(
        results(runs),
        key="compared_results",
        hide_index=True,
        placeholder="–",
        height="content",
        column_config=_COLUMNS,
        alt="Best validation accuracy of each run, its epoch and gap there, lowest loss, test accuracy and time.",
    )
    st.caption(plain(uncertainty(runs)))


def results(runs: Sequence[ComparedRun]) -> pd.DataFrame:
    """A row a run; those of the highest validation accuracy are marked."""
    highest = max((run.best["val_accuracy"] for run in runs if run.best), default=None)
    return pd.DataFrame([_result(run, highest) for run in runs], columns=list(_COLUMNS))


def _result(run: ComparedRun, highest: float | None) -> dict[str, Any]:
    best = run.best
    known = {"Run": run.name, "Status": run.state.status, "Time": duration(run.state.seconds)}
    if best is None:
        return {"Best": "", **known}
    return {
        **known,
        "Best": "★" if best["val_accuracy"] == highest else "",
        "Val. accuracy": percent_value(best["val_accuracy"]),
        "At epoch": best["epoch"],
        "Val. loss": min(line["val_loss"] for line in store.own(run.lines)),
        "Gap": percent_value(best["train_eval_accuracy"] - best["val_accuracy"]),
        "Test accuracy": percent_value(run.state.test_accuracy),
    }


def uncertainty(runs: Sequence[ComparedRun]) -> str:
    """How far the best accuracy may be off by chance: its standard error, sqrt(p (1 - p) / n); empty where n is not known."""
    best = max((run for run in runs if run.best), key=lambda run: (run.best or {})["val_accuracy"], default=None)
    images = best and best.state.images.get("validation")
    if not best or not best.best or not images:
        return ""
    share = best.best["val_accuracy"]
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
    setting_table.draw_table(
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
    return [*differing, changed] if any(run.adjustments for run in runs) else differing


def _changed(run: ComparedRun) -> str:
    """Such as "from epoch 4 on: dropout 0.5"; a dash where nothing was."""
    parts = [f"from epoch {entry.epoch} on: {changes_text(run.spec, entry.values)}" for entry in run.adjustments]
    return "; ".join(parts) or "–"
