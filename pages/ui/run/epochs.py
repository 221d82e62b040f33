"""The tab Epochs: the figures of every epoch as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.common.run_view import RunView
from tl_core.text import percent_value

LINES = 16
"""Longer tables scroll."""

_VALIDATION = "On the validation images, after the epoch."
_CLEAN = "On training images as they are, after the epoch; compares with validation."
_REPORTED = "As training measured it, with dropout and augmentation, averaged while the weights moved."
_LOSS, _PERCENT = "%.4f", "%.1f %%"

COLUMNS = {
    "Epoch": st.column_config.NumberColumn(width=64, pinned=True),
    "Best": st.column_config.TextColumn(
        help="★ best on validation, by the measure that the setting Best names.", width=54
    ),
    "Phase": st.column_config.TextColumn(
        help="head: the backbone is frozen. thaw 1, 2 …: stages of unfreezing. fine-tune: all thawed blocks train too. "
        "from 7: settings were changed, and count from that epoch on.",
        width=84,
    ),
    "Inherited from": st.column_config.TextColumn(
        help="The run that trained this epoch, before this one was forked from it.", width=120
    ),
    "Val. accuracy": st.column_config.NumberColumn(format=_PERCENT, help=_VALIDATION, width=104),
    "Val. loss": st.column_config.NumberColumn(format=_LOSS, help=_VALIDATION, width=84),
    "Clean accuracy": st.column_config.NumberColumn(format=_PERCENT, help=_CLEAN, width=112),
    "Clean loss": st.column_config.NumberColumn(format=_LOSS, help=_CLEAN, width=88),
    "Gap": st.column_config.NumberColumn(
        format="%+.1f", help="Clean minus validation accuracy, in percentage points: what it memorised.", width=64
    ),
    "Reported accuracy": st.column_config.NumberColumn(format=_PERCENT, help=_REPORTED, width=132),
    "Reported loss": st.column_config.NumberColumn(format=_LOSS, help=_REPORTED, width=108),
    "Penalty": st.column_config.NumberColumn(
        format=_LOSS, help="L1 and L2 penalty; part of what is minimised, of no loss shown.", width=76
    ),
    "Images/s": st.column_config.NumberColumn(format="%.0f", help="Training alone, without measuring.", width=80),
    "Time": st.column_config.NumberColumn(format="%.1f s", help="Training and measuring.", width=72),
}


def draw_epochs(view: RunView) -> None:
    if not view.lines:
        st.info("The first row appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    st.dataframe(
        table(view),
        key="epochs",
        height="content" if len(view.lines) <= LINES else 36 * LINES,
        hide_index=True,
        placeholder="–",
        column_config=COLUMNS,
        alt="Every epoch with its losses and accuracies; the best is marked.",
    )


def table(view: RunView) -> pd.DataFrame:
    """A row an epoch, the latest first; columns that no epoch has are left out."""
    best = view.best_epoch
    titles = {view.forked_from.run: view.forked_from.title} if view.forked_from else {}
    made = pd.DataFrame([_cells(line, best, titles) for line in reversed(view.lines)], columns=list(COLUMNS))
    return made.dropna(axis="columns", how="all")


def _cells(line: dict[str, Any], best: int | None, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Epoch": line["epoch"],
        "Best": "★" if line["epoch"] == best else "",
        "Phase": line.get("phase"),
        "Inherited from": titles.get(line.get("inherited", ""), line.get("inherited")),
        "Val. accuracy": percent_value(line["val_accuracy"]),
        "Val. loss": line["val_loss"],
        "Clean accuracy": percent_value(line["train_eval_accuracy"]),
        "Clean loss": line["train_eval_loss"],
        "Gap": percent_value(line["train_eval_accuracy"] - line["val_accuracy"]),
        "Reported accuracy": percent_value(line.get("accuracy")),
        "Reported loss": line.get("loss"),
        "Penalty": line.get("penalty"),
        "Images/s": line.get("images_per_second"),
        "Time": line["seconds"],
    }
