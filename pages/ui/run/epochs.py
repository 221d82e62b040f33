"""The tab Epochs: the figures of every epoch as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.common.run_view import RunView
from tl_core.metrics import METRICS, SPLITS, Metric
from tl_core.records import EpochRecord
from tl_core.text import percent_value

LINES = 16
"""Longer tables scroll."""

LATEST = 1000
"""The most epochs shown: a table of more would be sent to the browser anew with every epoch."""

_FORMATS: dict[str, tuple[str, int]] = {"number": ("%.4f", 56), "percent": ("%.1f %%", 48)}
"""How a metric is written, and how wide its column is beside its title."""


def _metric_column(row: Metric) -> Any:
    form, width = _FORMATS[row.format]
    return st.column_config.NumberColumn(format=form, help=row.help, width=width + 5 * len(row.column))


def columns() -> dict[str, Any]:
    """The columns, validation first: what training reports says least."""
    config = st.column_config
    measured = sorted(METRICS, key=lambda row: list(reversed(SPLITS)).index(row.split))
    gap = "Clean minus validation accuracy, in percentage points: what it memorised."
    return {
        "Epoch": config.NumberColumn(width=64, pinned=True),
        "Best": config.TextColumn(
            help="★ exported: the best by the setting Best, or the last if Restore best is off.",
            width=54,
        ),
        "Phase": config.TextColumn(
            help="head: the backbone is frozen. thaw 1, 2 …: stages of unfreezing. fine-tune: all thawed blocks train too. "
            "from 7: settings were changed, and count from that epoch on.",
            width=84,
        ),
        "Inherited from": config.TextColumn(
            help="The run that trained this epoch, before this one was forked from it.", width=120
        ),
        "Gap": config.NumberColumn(format="%+.1f", help=gap, width=64),
        **{row.column: _metric_column(row) for row in measured},
        "Images/s": config.NumberColumn(format="%.0f", help="Training alone, without measuring.", width=80),
        "Time": config.NumberColumn(format="%.1f s", help="Training and measuring.", width=72),
    }


def draw_epochs(view: RunView) -> None:
    if not view.records:
        st.info("The first row appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    st.dataframe(
        table(view),
        key="epochs",
        height="content" if len(view.records) <= LINES else 36 * LINES,
        hide_index=True,
        placeholder="–",
        column_config=columns(),
        alt="Every epoch with its metrics; the best is marked.",
    )
    if len(view.records) > LATEST:
        st.caption(f"The latest {LATEST:,} of {len(view.records):,} epochs. Metrics as CSV, below the curves, has all.")


def table(view: RunView) -> pd.DataFrame:
    """A row an epoch, the latest first; columns that no epoch has are left out."""
    best = view.figures.exported.epoch if view.figures else None
    titles = {view.forked_from.run: view.forked_from.title} if view.forked_from else {}
    shown = reversed(view.records[-LATEST:])
    made = pd.DataFrame([_cells(record, best, titles) for record in shown], columns=list(columns()))
    return made.dropna(axis="columns", how="all")


def _cells(record: EpochRecord, best: int | None, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Epoch": record.epoch,
        "Best": "★" if record.epoch == best else "",
        "Phase": record.phase or None,
        "Inherited from": titles.get(record.inherited_from, record.inherited_from) or None,
        "Gap": percent_value(record.gap),
        **{row.column: _shown(row, record.metrics.get(row.name)) for row in METRICS},
        "Images/s": record.images_per_second,
        "Time": record.seconds,
    }


def _shown(row: Metric, value: float | None) -> float | None:
    return percent_value(value) if row.format == "percent" else value
