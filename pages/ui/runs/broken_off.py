"""Runs whose process died, by a crash, a kill or a restart of the machine, with a button that resumes all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui import problems
from pages.ui.runs import actions
from pages.ui.runs.overview import Row
from pages.ui.runs.toolbar import PAGE
from pages.ui.text import plain
from tl_core.store import INTERRUPTED

NAMED = 5
"""Runs that are named, at most."""


def draw(models: Path, every: Sequence[Row]) -> None:
    """Draws nothing where no run was broken off."""
    broken = [row for row in reversed(every) if row.status == INTERRUPTED]
    if not broken:
        return
    ids = tuple(row.id for row in broken)
    with st.container(horizontal=True, vertical_alignment="center", key="broken_off"):
        st.warning(said(broken), icon=":material/power_off:")
        st.button(
            "Resume it" if len(ids) == 1 else f"Resume all {len(ids)}",
            icon=":material/play_arrow:",
            key="resume_broken_off",
            help="They wait in the queue, the oldest first, and continue exactly where their last checkpoint is.",
            on_click=lambda: problems.noted(PAGE, actions.resume, models, ids),
        )


def said(broken: Sequence[Row]) -> str:
    """Which runs were broken off, as Markdown; of a single one also why."""
    if len(broken) == 1:
        return f"**{plain(broken[0].title)}** was broken off. {plain(broken[0].message)}".rstrip()
    names = ", ".join(plain(row.title) for row in broken[:NAMED])
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return f"{len(broken)} runs were broken off: {names}{more}."
