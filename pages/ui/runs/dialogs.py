"""Dialogs of the Runs page. What they do is done in callbacks, which run once a click."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui.problems import noted
from pages.ui.runs import actions
from pages.ui.runs.overview import Row
from pages.ui.text import plain, size
from tl_core.store import RUNNING, Notes
from tl_core.store.notes import LONGEST_TEXT, LONGEST_TITLE, MOST_TAGS

NAMED = 8
"""How many runs a dialog names before it only counts."""

REFUSED = "edit_refused"


@st.dialog("Delete runs", icon=":material/delete:")
def ask_delete(models: Path, rows: Sequence[Row]) -> None:
    """Says what would be lost, and deletes it where that is wanted."""
    doomed = [row for row in rows if row.status != RUNNING]
    lost = actions.loss(models, [row.id for row in doomed])
    if len(doomed) < len(rows):
        st.warning(f"{_names([row for row in rows if row.status == RUNNING])} is training and stays. Stop it first.")
    if doomed:
        st.markdown(f"{_names(doomed)}  \n{_what(lost)} This cannot be undone.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        kept = st.button("Keep" if doomed else "Close", key="delete_no")
        ids = [row.id for row in doomed]
        gone = bool(doomed) and st.button(
            f"Delete {_runs(len(doomed))}",
            key="delete_yes",
            type="primary",
            on_click=noted,
            args=("runs", actions.delete, models, ids),
        )
    if kept or gone:
        st.rerun()


@st.dialog("Title, tags and notes", icon=":material/edit:")
def edit(models: Path, row: Row, known_tags: Sequence[str]) -> None:
    """Changes what people say of a run."""
    with st.form("edit", border=False):
        st.text_input("Title", row.title, key="edit_title", max_chars=LONGEST_TITLE)
        st.multiselect(
            "Tags",
            sorted({*known_tags, *row.tags}, key=str.lower),
            row.tags,
            key="edit_tags",
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder="Pick one or type a new one",
            help="Short words to find and filter runs by.",
        )
        st.text_area("Notes", row.notes, key="edit_notes", max_chars=LONGEST_TEXT, height=140)
        saved = st.form_submit_button("Save", type="primary", key="edit_save", on_click=_save, args=(models, row.id))
    refused = st.session_state.get(REFUSED, ())
    if saved and not refused:
        st.rerun()
    if saved:
        st.error("  \n".join(map(plain, refused)))


def _save(models: Path, run_id: str) -> None:
    state = st.session_state
    notes = Notes(state["edit_title"], tuple(state["edit_tags"]), state["edit_notes"])
    state[REFUSED] = actions.annotate(models, run_id, notes)


def _names(rows: Sequence[Row]) -> str:
    names = ", ".join(f"**{plain(row.title)}**" for row in rows[:NAMED])
    return names if len(rows) <= NAMED else f"{names} and {len(rows) - NAMED} more"


def _what(lost: actions.Loss) -> str:
    checkpoints = f"{lost.checkpoints} checkpoint" + ("" if lost.checkpoints == 1 else "s")
    return f"{_runs(lost.runs)} with curves, {checkpoints} and exports, {size(lost.bytes)}, will be gone."


def _runs(count: int) -> str:
    return f"{count} run" + ("" if count == 1 else "s")
