"""The table of runs: its columns, their content, and which runs are selected in it.

The browser says which lines of the table it was sent last; by the time that is read, a new run may stand on top, or a filter may
hide some. So lines become ids by the order that was sent, and ids become lines by the order that is sent next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # Twice as fast as by way of pandas, at a thousand runs.
import streamlit as st

from pages.ui import navigation
from pages.ui.common import status_text
from pages.ui.common.run_list import Row
from tl_core.metrics import METRICS, Metric
from tl_core.text import percent_value

KEY = "runs_table"
OPEN_COLUMN = "Open"
"""The first column. The browser says that its cell was clicked when a header was, or the table got the keyboard."""

_ORDER = "runs_table_order"

OPEN = ":material/arrow_forward:"

MOST_LINES = 15
"""Longer tables scroll."""

Cell = Callable[[Row], Any]

TEXTS, FIGURE = pa.list_(pa.string()), pa.float64()


def _metric_cell(metric: Metric, row: Row) -> float | None:
    value = row.figures.exported.value(metric.name) if row.figures else None
    return percent_value(value) if metric.format == "percent" else value


CELLS: dict[str, tuple[pa.DataType, Cell]] = {
    OPEN_COLUMN: (pa.string(), lambda row: OPEN),
    "Run": (pa.string(), lambda row: row.title),
    "Status": (TEXTS, lambda row: [status_text.marked_status(row.status)]),
    "Progress": (pa.string(), status_text.progress_text),
    **{row.listed: (FIGURE, partial(_metric_cell, row)) for row in METRICS if row.listed},
    "At epoch": (pa.int32(), lambda row: row.figures and row.figures.exported.epoch),
    "Gap": (FIGURE, lambda row: percent_value(row.figures.exported.gap) if row.figures else None),
    "Val. loss": (pa.list_(FIGURE), lambda row: row.val_losses),
    "Dataset": (pa.string(), lambda row: row.dataset or None),
    "Backbone": (pa.string(), lambda row: row.backbone or None),
    "Settings": (pa.string(), lambda row: row.settings or None),
    "Freeze": (pa.string(), lambda row: row.freeze or None),
    "Tags": (TEXTS, lambda row: row.tags),
    "Notes": (pa.string(), lambda row: row.notes or None),
    "What happened": (pa.string(), lambda row: row.message or None),
    "Time": (pa.duration("ms"), lambda row: None if row.seconds is None else int(1000 * row.seconds)),
    "Created": (pa.timestamp("us"), lambda row: row.created),
    "Id": (pa.string(), lambda row: row.id),
}
"""Each column's type, and what stands in it; from left to right, the more telling first: up to the backbone all are seen in a window
of 1280 pixels."""

OFTEN_EMPTY = ("Tags", "Notes", "What happened")
"""Columns that are there only where one run has something in them."""


def followed(ids: Sequence[str]) -> tuple[str, ...]:
    """The selected ids among those that are drawn now, in this order. Call it right before the table is drawn."""
    lines, cells = _sent_selection()
    before: Sequence[str] = st.session_state.get(_ORDER, ids)
    selected = selected_ids(lines, cells, before)
    now = [line for line, run in enumerate(ids) if run in selected]
    if set(now) != set(lines) or cells:
        st.session_state[KEY] = {"selection": {"rows": now, "columns": [], "cells": []}}
    st.session_state[_ORDER] = tuple(ids)
    return tuple(ids[line] for line in now)


def id_at(line: int) -> str | None:
    """The id in a line of the table as it was sent last; None if there is no such line."""
    order: Sequence[str] = st.session_state.get(_ORDER, ())
    return order[line] if 0 <= line < len(order) else None


def selected_ids(lines: Sequence[int], cells: Sequence[Any], order: Sequence[str]) -> frozenset[str]:
    """The ids in these lines. A click on a cell turns the line it is in: selected, or no longer."""
    selected = {order[line] for line in lines if line < len(order)}
    clicked = {order[line] for line, column in cells if line < len(order) and column != OPEN_COLUMN}
    return frozenset(selected ^ clicked)


def _sent_selection() -> tuple[list[int], list[Any]]:
    said = st.session_state.get(KEY)
    if not said:
        return [], []
    return list(said["selection"].get("rows", ())), list(said["selection"].get("cells", ()))


def draw_table(shown: Sequence[Row], tags: Sequence[str]) -> tuple[str, ...]:
    """Draws the runs and returns the ids of those selected.

    Args:
        tags: All there are, so that a tag keeps its colour whatever is shown.
    """
    selected = followed([row.id for row in shown])
    st.dataframe(
        table_of(shown),
        key=KEY,
        height="content" if len(shown) <= MOST_LINES else 36 * MOST_LINES,
        row_height=35,
        hide_index=True,
        placeholder="–",
        column_config=columns(tags),
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        alt="Runs, the newest first: progress, validation accuracy and gap at the exported epoch, settings.",
    )
    return selected


def open_clicked() -> None:
    """Goes to the page of the run whose arrow was clicked."""
    if run := id_at(st.session_state["open_run"]["row"]):
        navigation.go("run", run=run)


def _metric_column(row: Metric) -> Any:
    form = "%.1f %%" if row.format == "percent" else "%.4f"
    help = f"{row.title} at the exported epoch: while it trains, the one that would be exported now. {row.help}"
    return st.column_config.NumberColumn(format=form, help=help, width=22 + 6 * len(row.listed))


def columns(tags: Sequence[str]) -> dict[str, Any]:
    """How the columns look."""
    config = st.column_config
    return {
        OPEN_COLUMN: config.ButtonColumn(
            "", width=40, type="tertiary", help="Opens the run.", on_click=open_clicked, key="open_run"
        ),
        "Run": config.TextColumn(width=190),
        "Status": config.MultiselectColumn(options=status_text.STATUSES, color=status_text.COLOURS, width=112),
        "Progress": config.TextColumn(width=158, help="Epochs done, and the time left."),
        **{row.listed: _metric_column(row) for row in METRICS if row.listed},
        "At epoch": config.NumberColumn(
            help="The exported epoch: the best by the setting Best, or the last if Restore best is off.", width=70
        ),
        "Gap": config.NumberColumn(
            format="%+.1f",
            help="Accuracy on training images minus accuracy on validation images after that epoch, in percentage points, "
            "both measured the same way: in inference mode, without augmentation. The larger, the more it overfits.",
            width=60,
        ),
        "Val. loss": config.LineChartColumn(help="Validation loss, epoch by epoch.", width=100),
        "Dataset": config.TextColumn(width=100),
        "Backbone": config.TextColumn(width=128),
        "Settings": config.TextColumn(help="Settings that differ from the defaults.", width=190),
        "Freeze": config.TextColumn(help="How much of the backbone keeps its weights.", width=76),
        "Tags": config.MultiselectColumn(options=list(tags), color="auto", width=130),
        "Notes": config.TextColumn(width=180),
        "What happened": config.TextColumn(width=300),
        "Time": config.NumberColumn(format="localized", help="Time taken so far.", width=90),
        "Created": config.DatetimeColumn(format="MMM D, HH:mm", width=110),
        "Id": config.TextColumn(help="The name of its folder, also used in commands.", width=290),
    }


def table_of(shown: Sequence[Row]) -> pa.Table:
    """The runs as the columns of the table."""
    cells = zip(*map(_cells, shown), strict=True) if shown else [() for _ in CELLS]
    named = dict(zip(CELLS, cells, strict=True))
    kept = {name: values for name, values in named.items() if name not in OFTEN_EMPTY or any(values)}
    return pa.table({name: pa.array(values, CELLS[name][0]) for name, values in kept.items()})


@lru_cache(maxsize=20_000)
def _cells(row: Row) -> tuple[Any, ...]:
    return tuple(cell(row) for _, cell in CELLS.values())
