"""The trials of a sweep as a table."""

from __future__ import annotations

import streamlit as st

from pages.ui import navigation
from pages.ui.charts import sweep as charts
from pages.ui.markdown import plain
from pages.ui.tables import run_table
from pages.ui.tables.columns import figure_column, setting_column, text_column
from pages.ui.tables.run_table import Cell, Column
from tl_core.sweeps.reading import SweepReading, TrialReading
from tl_core.text import UNKNOWN, counted, duration, percent

TABLE, SORT = "sweep_trials", "order"
TABLE_HEIGHT = 420


def draw_trials(reading: SweepReading) -> None:
    """The trials with a run as a table, best first, and the others with what kept them from one."""
    with_run = [trial for trial in reading.trials if trial.run]
    if with_run:
        columns = _columns(reading)
        asked = run_table.sort_of(run_table.asked_sort(SORT), columns)
        run_table.draw_run_table(
            TABLE,
            columns,
            run_table.in_order(_by_loss(reading, with_run), columns, asked),
            id_of=lambda trial: trial.run,
            label=f"{counted(len(with_run), 'trial')} of the sweep",
            param=SORT,
            height=TABLE_HEIGHT if len(with_run) > 10 else 0,
            on_open=open_run,
        )
    others = [trial for trial in reading.trials if not trial.run]
    if others:
        with st.expander(f"{counted(len(others), 'trial')} without a run", icon=":material/error:"):
            for trial in others[:50]:
                settings = ", ".join(
                    f"{charts.setting_title(path)} {charts.written(value)}" for path, value in trial.settings.items()
                )
                st.markdown(plain(f"Trial {trial.number + 1}, {settings}: {trial.reason or trial.status}"))


def _by_loss(reading: SweepReading, trials: list[TrialReading]) -> list[TrialReading]:
    """Those under way first, then the finished by loss, then the others."""
    under_way = [trial for trial in trials if not trial.ended]
    done = set(map(id, reading.finished))
    return [*under_way, *reading.finished, *(trial for trial in trials if trial.ended and id(trial) not in done)]


def open_run(run: str) -> None:
    """Goes to the page of a run; for callbacks."""
    navigation.go("run", run=run)


def _columns(reading: SweepReading) -> list[Column[TrialReading]]:
    def setting(path: str) -> Column[TrialReading]:
        column: Column[TrialReading] = setting_column(path, lambda trial: trial.settings.get(path))
        return Column(
            column.key,
            column.title,
            column.help,
            lambda t: Cell(charts.written(t.settings.get(path))),
            column.order,
            narrow=True,
        )

    return [
        Column(
            "trial",
            "Trial",
            "Its number, in the order of starting.",
            _name,
            lambda trial: trial.number,
            kind="name",
            narrow=True,
        ),
        *(setting(path) for path in reading.spec.paths),
        figure_column(
            "loss",
            "Validation loss",
            "At the exported epoch; the lowest of the finished runs wins.",
            lambda trial: trial.loss,
            lambda loss: UNKNOWN if loss is None else f"{loss:.4f}",
            narrow=True,
        ),
        figure_column(
            "accuracy",
            "Accuracy",
            "On the validation images at the exported epoch.",
            lambda trial: trial.accuracy.share if trial.accuracy else None,
            percent,
            "descending",
        ),
        Column(
            "status",
            "Status",
            "Of the trial, or of its run while it is under way.",
            _status,
            lambda trial: trial.status,
            narrow=True,
        ),
        figure_column("seconds", "Time", "Of training.", lambda trial: trial.seconds, duration),
        text_column(
            "reason",
            "Why",
            "Why it was pruned or failed.",
            lambda trial: trial.reason if trial.status != "finished" else "",
        ),
    ]


def _name(trial: TrialReading) -> Cell:
    return Cell(f"Trial {trial.number + 1}")


_COLOURS = {"finished": "green", "pruned": "gray", "failed": "red", "running": "blue", "interrupted": "orange"}


def _status(trial: TrialReading) -> Cell:
    doing = f"epoch {trial.epoch} of {trial.epochs}" if trial.status == "running" and trial.epochs else ""
    return Cell(trial.status, small=doing, mark=_COLOURS.get(trial.status, "gray"))
