"""The figures of the compared runs at their exported epochs, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.common.settings_text import Cell, changes_text, draw_table, title_with_unit, valued
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.markdown import plain
from tl_core.experiment.spec import PARAMETERS
from tl_core.metrics import METRICS, Metric
from tl_core.store import EpochFigures, leaders
from tl_core.text import duration, percent_value

CHANGED = "Changed during training"


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "Best": config.TextColumn(
            "",
            help="★ The highest validation accuracy; none is marked if the runs have different images.",
            width=40,
        ),
        "Run": config.TextColumn(width=160),
        **{row.column: _metric_column(row) for row in METRICS if row.compared},
        "At epoch": config.NumberColumn(
            help="The exported epoch, of which all figures are: the best by the setting Best, or the last if Restore best is off.",
            width=80,
        ),
        "Gap": config.NumberColumn(
            format="%+.1f",
            help="Clean training accuracy minus validation accuracy, at the exported epoch, in percentage points.",
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
    form = "%.1f %%" if row.format == "percent" else "%.4f"
    help = f"At the exported epoch. {row.help}"
    return st.column_config.NumberColumn(format=form, help=help, width=40 + 5 * len(row.column))


def draw_results(runs: Sequence[ComparedRun]) -> None:
    st.subheader("At the exported epoch")
    st.dataframe(
        results(runs),
        key="compared_results",
        hide_index=True,
        placeholder="–",
        height="content",
        column_config=_columns(),
        alt="Of each run the validation metrics and gap at the exported epoch, test accuracy and time.",
    )
    st.caption(plain(uncertainty(runs)))


def results(runs: Sequence[ComparedRun]) -> pd.DataFrame:
    """A row a run; those of the highest validation accuracy are marked."""
    starred = leaders([run.figures for run in runs])
    return pd.DataFrame([_result(run, place in starred) for place, run in enumerate(runs)], columns=list(_columns()))


def _result(run: ComparedRun, starred: bool) -> dict[str, Any]:
    found = run.figures
    known = {"Run": run.name, "Status": run.state.status, "Time": duration(run.state.seconds)}
    if found is None:
        return {"Best": "", **known}
    return {
        **known,
        "Best": "★" if starred else "",
        **{row.column: _value(found.exported, row) for row in METRICS if row.compared},
        "At epoch": found.exported.epoch,
        "Gap": percent_value(found.exported.gap),
        "Test accuracy": percent_value(found.test.share) if found.test else None,
    }


def _value(figures: EpochFigures, row: Metric) -> float | None:
    value = figures.value(row.name)
    return percent_value(value) if row.format == "percent" else value


def uncertainty(runs: Sequence[ComparedRun]) -> str:
    """How far the highest accuracy may be off by chance; empty if the number of images is not known."""
    found = [run.figures.exported.accuracy for run in runs if run.figures]
    highest = max(found, key=lambda accuracy: accuracy.share, default=None)
    if highest is None or highest.interval is None:
        return ""
    return f"{highest.text}: {highest.explained} Smaller differences may be chance."


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
