"""What can be done with the selected runs: a row of buttons, always in the same place, grey where they do not apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from pages.ui import dialogs, places, problems
from pages.ui.runs import actions
from pages.ui.runs.overview import UNREADABLE, Row
from tl_core.store import RUNNING

PAGE = "runs"
"""What the page calls itself to its windows and to what is said of problems."""


def draw(models: Path, selected: Sequence[Row]) -> None:
    """Draws the buttons for these runs, and what could not be done at the last click."""
    ids = tuple(row.id for row in selected)
    resumable = tuple(row.id for row in selected if row.status in actions.RESUMABLE)
    running = tuple(row.id for row in selected if row.status == RUNNING)
    one = selected[0] if len(selected) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if _button("Open", ":material/arrow_forward:", one is not None, "Select one run."):
            places.go("run", run=ids[0])
        if _button("Compare", ":material/stacked_line_chart:", len(ids) > 1, "Select two runs or more."):
            places.go("compare", runs=",".join(ids))
        _button(
            "Resume",
            ":material/play_arrow:",
            bool(resumable),
            "For runs that were broken off.",
            actions.resume,
            models,
            resumable,
        )
        _button("Stop", ":material/stop:", bool(running), "For runs that train.", actions.stop, models, running)
        if _button("Edit", ":material/edit:", one is not None and one.status != UNREADABLE, "Select one run."):
            dialogs.edit(PAGE, models, ids[0])
            st.rerun()
        if _button("Delete", ":material/delete:", bool(ids), "Select runs."):
            dialogs.delete(PAGE, models, {row.id: row.title for row in selected})
            st.rerun()
        st.caption(_said(len(ids)))
    problems.draw(PAGE)


def _button(
    label: str, icon: str, applies: bool, when: str, act: Callable[..., problems.Problems] | None = None, *given: object
) -> bool:
    call = (lambda: problems.noted(PAGE, act, *given)) if act else None
    return st.button(
        label, icon=icon, disabled=not applies, help=None if applies else when, key=f"do_{label}", on_click=call
    )


def _said(count: int) -> str:
    return f"{count} selected" if count else "Click on runs to select them."
