"""The table of runs: its columns, and what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui.runs.overview import UNREADABLE, Row
from pages.ui.text import plain
from tl_core.store import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED

MARKS = {
    RUNNING: ("▶", "blue"),
    QUEUED: ("○", "gray"),
    FINISHED: ("✓", "green"),
    STOPPED: ("■", "gray"),
    INTERRUPTED: ("◐", "orange"),
    FAILED: ("✕", "red"),
    UNREADABLE: ("?", "red"),
}
"""A symbol and a colour for each status; the word always stands beside them."""

COLUMNS = {
    "Status": st.column_config.MultiselectColumn(
        options=[f"{mark} {status}" for status, (mark, _) in MARKS.items()],
        color=[colour for _, colour in MARKS.values()],
        width=118,
    ),
    "Run": st.column_config.TextColumn(width=160),
    "Epoch": st.column_config.TextColumn(width=76),
    "Best val.": st.column_config.NumberColumn(
        format="%.1f %%", help="The highest accuracy on validation images so far.", width=82
    ),
    "At epoch": st.column_config.NumberColumn(help="The epoch in which it was reached first.", width=74),
    "Gap": st.column_config.NumberColumn(
        format="%+.1f",
        help="Accuracy on training images minus accuracy on validation images after that epoch, in percentage points, "
        "both measured alike: in inference mode, without augmentation. The larger, the more it overfits.",
        width=66,
    ),
    "Val. loss": st.column_config.LineChartColumn(help="Validation loss, epoch by epoch.", width=110),
    "Dataset": st.column_config.TextColumn(width=112),
    "Backbone": st.column_config.TextColumn(width=132),
    "Freeze": st.column_config.TextColumn(help="How much of the backbone keeps its weights.", width=78),
    "Time": st.column_config.NumberColumn(format="%.0f s", help="Seconds the run has taken.", width=64),
    "What happened": st.column_config.TextColumn(width="large"),
    "Created": st.column_config.DatetimeColumn(format="MMM D, HH:mm", width=110),
    "Id": st.column_config.TextColumn(help="The name of its folder, and what commands call it.", width="medium"),
}
MOST_LINES = 15
"""Longer tables scroll."""


def draw(shown: Sequence[Row]) -> None:
    """Draws the runs, with a line that counts them by status, and says what went wrong with the newest."""
    st.markdown(summary(shown))
    newest = shown[0]
    if newest.message and newest.status in (FAILED, INTERRUPTED, UNREADABLE):
        st.warning(plain(newest.message), title=plain(f"The newest run, {newest.title}: {newest.status}"))
    st.dataframe(
        table(shown),
        key="runs",
        height="content" if len(shown) <= MOST_LINES else 36 * MOST_LINES,
        row_height=35,
        hide_index=True,
        placeholder="–",
        column_config=COLUMNS,
        alt="Runs, the newest first: settings, progress, best validation accuracy and gap.",
    )


def summary(shown: Sequence[Row]) -> str:
    """How many runs have which status, as Markdown badges."""
    counts = Counter(row.status for row in shown)
    return " ".join(
        f":{colour}-badge[{mark} {counts[status]} {status}]"
        for status, (mark, colour) in MARKS.items()
        if counts[status]
    )


def table(shown: Sequence[Row]) -> pd.DataFrame:
    """The runs as the columns of the table; what happened has a column only where something did."""
    made = pd.DataFrame([_cells(row) for row in shown], columns=list(COLUMNS))
    return made if made["What happened"].any() else made.drop(columns="What happened")


def _cells(row: Row) -> dict[str, object]:
    return {
        "Status": [f"{MARKS[row.status][0]} {row.status}"],
        "Run": row.title,
        "Epoch": f"{row.epoch} of {row.epochs}" if row.epochs else None,
        "Best val.": _percent(row.best_accuracy),
        "At epoch": row.best_epoch,
        "Gap": _percent(row.gap),
        "Val. loss": list(row.val_losses),
        "Dataset": row.dataset or None,
        "Backbone": row.backbone or None,
        "Freeze": row.freeze or None,
        "Time": row.seconds,
        "What happened": row.message,
        "Created": row.created,
        "Id": row.id,
    }


def _percent(share: float | None) -> float | None:
    """Rounded, because screen readers and copied cells get the value itself."""
    return None if share is None else round(100 * share, 2)
