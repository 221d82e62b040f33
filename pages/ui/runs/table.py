"""The table of runs: its columns, and what all runs in it share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_list, status_text
from pages.ui.common.run_list import Row
from pages.ui.markdown import plain
from pages.ui.tables import run_table
from pages.ui.tables.columns import accuracy_column, figure_column, gap_column, setting_column, test_column, text_column
from pages.ui.tables.run_table import Cell, Column
from tl_core.experiment.naming import RunName, differing_settings
from tl_core.experiment.wording import PARAMS, setting_text
from tl_core.store import FINISHED
from tl_core.text import UNKNOWN, counted, duration

KEY, SORT = "runs_table", "sort"
"""The table, and its sort in the address."""

PAGE = 100
"""Runs on one page of the table."""

HEIGHT = 620
"""In CSS pixels; a higher table scrolls."""

_ALWAYS_SAID = ("data.source", "backbone.name", "backbone.freeze")
"""Settings that the caption says even if they are at their defaults."""


def draw_table(every: Sequence[Row], shown: Sequence[Row]) -> None:
    """Draws the runs, a page of them if there are many.

    Args:
        shown: Those that fit the filters; settings in which they differ have a column, the others a caption.
    """
    columns = columns_of(shown)
    st.caption(shared_text(shown))
    ordered = run_table.in_order(shown, columns, run_table.sort_of(run_table.asked_sort(SORT), columns))
    place = st.container()
    pages = -(-len(ordered) // PAGE)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    with place:
        run_table.draw_run_table(
            KEY,
            columns,
            ordered[(page - 1) * PAGE : page * PAGE],
            id_of=lambda row: row.id,
            label=f"{counted(len(shown), 'run')} of {len(every):,}, with status, accuracy and settings",
            param=SORT,
            selectable=True,
            height=HEIGHT,
            on_open=_open,
        )


def _open(run: str) -> None:
    navigation.go("run", run=run)


def selected(shown: Sequence[Row]) -> tuple[Row, ...]:
    """The selected runs among those shown, in the order of the table; one that a filter hides is selected no more."""
    ids = {row.id for row in shown}
    chosen = [run for run in run_table.selection(KEY).ids if run in ids]
    run_table.select(KEY, chosen)
    return tuple(row for row in shown if row.id in chosen)


def columns_of(shown: Sequence[Row]) -> list[Column[Row]]:
    """Name and figures, then a column for each setting in which these runs differ, then what only some runs have."""
    called, varying = run_list.labels_of(shown), differing_settings(names(shown))
    others = [column for column in _OTHERS if column.key in _ALWAYS or any(map(column.order, shown))]
    return [_name_column(called), *_FIGURES, *map(_setting, varying), *others]


def names(shown: Sequence[Row]) -> tuple[RunName, ...]:
    return tuple(row.name for row in shown if row.name)


def shared_text(shown: Sequence[Row]) -> str:
    """The settings that are the same in all these runs, if they say more than the defaults; as Markdown."""
    shared = _shared(names(shown))
    return f"In all of these: {plain(', '.join(shared))}." if shared and len(shown) > 1 else ""


@lru_cache(maxsize=32)
def _shared(runs: tuple[RunName, ...]) -> tuple[str, ...]:
    if not runs:
        return ()
    settings, varying = runs[0].settings, differing_settings(runs)
    said = [path for path in PARAMS if path in settings and path not in varying]
    return tuple(
        setting_text(path, settings[path])
        for path in said
        if path in _ALWAYS_SAID or settings[path] != PARAMS[path].default
    )


def _name_column(called: Mapping[str, str]) -> Column[Row]:
    def cell(row: Row) -> Cell:
        return Cell(called[row.id], hover=row.title if row.title == row.id else f"{row.title}\n{row.id}")

    help = "What it is called: a title given by hand, otherwise the settings in which these runs differ."
    return Column("run", "Run", help, cell, lambda row: called[row.id], kind="name", narrow=True)


def _setting(path: str) -> Column[Row]:
    return setting_column(path, lambda row: row.name.settings.get(path) if row.name else None)


def _status(row: Row) -> Cell:
    progress = status_text.progress_text(row) or ""
    mark = status_text.MARKS[row.status][1]
    if row.status == FINISHED:  # Its epochs are no news.
        return Cell(status_text.marked_status(row.status), hover=progress, mark=mark)
    return Cell(status_text.marked_status(row.status), small=progress, hover=row.message, mark=mark)


def _curve(row: Row) -> Cell:
    if row.curve is None:
        return Cell(UNKNOWN)
    said = f"; star: epoch {row.figures.exported.epoch}, {row.figures.exported.loss:.4f}" if row.figures else ""
    return Cell(hover=f"Training and validation loss of {counted(row.epoch, 'epoch')}{said}", curve=row.curve)


_FIGURES: tuple[Column[Row], ...] = (
    Column(
        "status",
        "Status",
        "With the epoch and the time left while it trains.",
        _status,
        lambda row: row.status,
        narrow=True,
    ),
    accuracy_column(),
    gap_column(),
    test_column(),
    Column(
        "loss",
        "Loss",
        "Clean training loss and validation loss, epoch by epoch; the star is the exported epoch. Sorted by its validation loss.",
        _curve,
        lambda row: row.figures and row.figures.exported.loss,
    ),
    figure_column("time", "Time", "Training time so far.", lambda row: row.seconds, duration),
)


_ALWAYS = ("created", "id")

_OTHERS: tuple[Column[Row], ...] = (
    text_column("fork", "Fork of", "The run and the epoch that it continues.", lambda row: row.origin),
    text_column("tags", "Tags", "Words given by hand.", lambda row: ", ".join(row.tags)),
    text_column("notes", "Notes", "Given by hand.", lambda row: row.notes),
    text_column("happened", "What happened", "Why it stopped or failed.", lambda row: row.message),
    Column(
        "created",
        "Created",
        "In the time of this machine.",
        lambda row: Cell(f"{row.created:%b} {row.created.day}, {row.created:%H:%M}" if row.created else ""),
        lambda row: row.created and row.created.timestamp(),
        "descending",
        "line",
    ),
    Column(
        "id",
        "Id",
        "The name of its folder, also used in commands.",
        lambda row: Cell(row.id),
        lambda row: row.id,
        kind="line",
    ),
)
