"""The table of compared runs: their figures at the exported epoch, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import navigation
from pages.ui.common.settings_text import changes_text
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.markdown import plain
from pages.ui.tables import run_table
from pages.ui.tables.columns import accuracy_column, figure_column, gap_column, setting_column, test_column, text_column
from pages.ui.tables.run_table import Cell, Column, Direction
from tl_core.experiment.spec import PARAMETERS
from tl_core.metrics import METRICS, Metric
from tl_core.store import FINISHED, leaders
from tl_core.text import UNKNOWN, counted, duration, percent

KEY, SORT = "compared_results", "order"
"""The table, and its sort in the address."""

CHANGED = "Changed during training"


def draw_results(runs: Sequence[ComparedRun], found: Colouring) -> None:
    """Draws the table, with the colours of the chart above."""
    columns = columns_of(runs)
    asked = run_table.sort_of(run_table.asked_sort(SORT), columns)
    run_table.draw_run_table(
        KEY,
        columns,
        run_table.in_order(runs, columns, asked),
        id_of=lambda run: run.id,
        label=f"{counted(len(runs), 'run')}: figures at the exported epoch, and settings that differ",
        param=SORT,
        swatch=lambda run: found.swatch(run.id),
        on_open=_open,
    )
    same = "These runs have the same settings. " if len(runs) > 1 and not differing(runs) else ""
    st.caption(plain(same + uncertainty(runs)))


def _open(run: str) -> None:
    navigation.go("run", run=run)


def columns_of(runs: Sequence[ComparedRun]) -> list[Column[ComparedRun]]:
    """Name, accuracies, settings that differ, all else that was measured, the status if one is not finished; ★: the highest validation accuracy."""
    best = {runs[place].id for place in leaders([run.figures for run in runs])} if len(runs) > 1 else set()
    changed = [text_column("changed", CHANGED, "Live changes in force.", _changed)]
    return [
        Column(
            "run",
            "Run",
            "Points at its curve while the mouse rests on it.",
            _name,
            lambda run: run.name,
            kind="name",
            narrow=True,
        ),
        accuracy_column(lambda run: run.id in best),
        gap_column(),
        test_column(),
        *map(_setting, differing(runs)),
        *(changed if any(run.live_changes for run in runs) else []),
        *(
            _metric_column(row)
            for row in METRICS
            if row.compared and row.name != "val_accuracy" and _measured(runs, row)
        ),
        figure_column(
            "epoch",
            "Epoch",
            "The exported epoch, of which all figures are.",
            _epoch,
            lambda epoch: f"{epoch or UNKNOWN}",
        ),
        figure_column("time", "Time", "Training time.", lambda run: run.state.seconds, duration),
        *([_status()] if any(run.state.status != FINISHED for run in runs) else []),
    ]


def differing(runs: Sequence[ComparedRun]) -> list[str]:
    """The paths of the settings that are not the same in all runs."""
    return [row.path for row in PARAMETERS if len({repr(run.spec.value(row.path)) for run in runs}) > 1]


def _status() -> Column[ComparedRun]:
    return text_column("status", "Status", "See the Runs page.", lambda run: run.state.status)


def _name(run: ComparedRun) -> Cell:
    return Cell(run.name, hover=f"{run.state.title or run.name}\n{run.id}")


def _setting(path: str) -> Column[ComparedRun]:
    return setting_column(path, lambda run: run.spec.value(path))


def _epoch(run: ComparedRun) -> int | None:
    return run.figures.exported.epoch if run.figures else None


def _measured(runs: Sequence[ComparedRun], row: Metric) -> bool:
    return any(run.figures and run.figures.exported.value(row.name) is not None for run in runs)


def _metric_column(row: Metric) -> Column[ComparedRun]:
    def value(run: ComparedRun) -> float | None:
        return run.figures.exported.value(row.name) if run.figures else None

    def text(found: float | None) -> str:
        return UNKNOWN if found is None else percent(found) if row.format == "percent" else f"{found:.4f}"

    first: Direction = "descending" if row.direction == "higher" else "ascending"
    return figure_column(row.name, row.column, f"At the exported epoch. {row.help}", value, text, first)


def uncertainty(runs: Sequence[ComparedRun]) -> str:
    """How far the highest accuracy may be off by chance; empty if the number of images is not known."""
    found = [run.figures.exported.accuracy for run in runs if run.figures]
    highest = max(found, key=lambda accuracy: accuracy.share, default=None)
    if highest is None or highest.interval is None:
        return ""
    return f"{highest.text}: {highest.explained} Smaller differences may be chance."


def _changed(run: ComparedRun) -> str:
    """Such as "from epoch 4 on: dropout 0.5"; empty if nothing was."""
    parts = [f"from epoch {entry.epoch} on: {changes_text(run.spec, entry.values)}" for entry in run.live_changes]
    return "; ".join(parts)
