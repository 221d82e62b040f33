"""Dialogs in which runs are edited and deleted, the same on every page.

Which one is open stands in the session and not in a click, so a page that runs again because a run went on keeps it open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.common import run_actions, run_list
from pages.ui.markdown import plain
from tl_core import store
from tl_core.errors import Damaged
from tl_core.experiment.naming import LONGEST_TITLE
from tl_core.store import Notes
from tl_core.store.notes import LONGEST_TEXT, MOST_TAGS
from tl_core.text import counted, data_size, first_of

NAMED = 8
"""How many runs a window names before it only counts."""

_OPEN = "dialog_open"


def open_edit(page: str, models: Path, run_id: str) -> None:
    """Has a page ask for title, tags and notes of a run.

    Args:
        page: The name of the page in `draw_open_dialog` and in `pages.ui.common.run_actions`.
    """
    open_dialog(page, _edit, models, run_id)


def open_delete(page: str, models: Path, titles: Mapping[str, str], then: Callable[[], None] = st.rerun) -> None:
    """Has a page ask whether to delete runs.

    Args:
        titles: What the runs are called, by id.
        then: What leads on once they are gone.
    """
    open_dialog(page, _delete, page, models, titles, then)


def open_delete_checkpoint(page: str, models: Path, run_id: str, epoch: int) -> None:
    """Has a page ask whether to delete a checkpoint."""
    open_dialog(page, _delete_checkpoint, page, models, run_id, epoch)


def draw_open_dialog(page: str) -> None:
    """Draws the window that is open on this page, if one is. Outside of fragments."""
    where, window = st.session_state.get(_OPEN, ("", None))
    if window and where == page:
        window()


def open_dialog(page: str, window: Callable[..., None], *given: Any) -> None:
    """Has a page show a window, a function that st.dialog decorates with `on_dismiss=close`."""
    st.session_state[_OPEN] = (page, partial(window, *given))


def close() -> None:
    """Puts away the window that is open."""
    st.session_state.pop(_OPEN, None)


@st.dialog("Title, tags and notes", icon=":material/edit:", on_dismiss=close)
def _edit(models: Path, run_id: str) -> None:
    run = run_list.run_of(models, run_id)
    notes, known = _notes(run), run_list.all_tags(run_list.rows(models))
    with st.form("edit", border=False):
        title = st.text_input(
            "Title",
            store.title_of(run),
            key="edit_title",
            max_chars=LONGEST_TITLE,
            help="Empty: the original title.",
        )
        tags = st.multiselect(
            "Tags",
            sorted({*known, *notes.tags}, key=str.lower),
            notes.tags,
            key="edit_tags",
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder="Pick one or type a new one",
            help="Short words to find and filter runs by.",
        )
        text = st.text_area("Notes", notes.text, key="edit_notes", max_chars=LONGEST_TEXT, height=140)
        saved = st.form_submit_button("Save", type="primary", key="edit_save")
    if not saved:
        return
    # An automatic title that is left as it is stays one.
    changed = "" if title.strip() == store.read_state(run).title else title
    if refused := run_actions.annotate(models, run_id, Notes(changed, tuple(tags), text)):
        st.error("  \n".join(map(plain, refused)))
    else:
        close()
        st.rerun()


def _notes(run: store.Run) -> Notes:
    """The notes to start from; none if they cannot be read, which saving new ones mends."""
    try:
        return store.read_notes(run)
    except Damaged as error:
        st.warning(plain(str(error)))
        return Notes()


@st.dialog("Delete?", icon=":material/delete:", on_dismiss=close)
def _delete(page: str, models: Path, titles: Mapping[str, str], then: Callable[[], None]) -> None:
    training = [run_id for run_id in titles if run_actions.is_training(models, run_id)]
    doomed = [run_id for run_id in titles if run_id not in training]
    if training:
        are, it = ("are training and stay", "them") if len(training) > 1 else ("is training and stays", "it")
        st.warning(f"{_names([titles[run_id] for run_id in training])} {are}. Stop {it} first.")
    if doomed:
        lost = run_actions.contents(models, doomed)
        st.markdown(f"{_names([titles[run_id] for run_id in doomed])}  \n{_what(lost)} This cannot be undone.")
    if _confirmed(f"Delete {counted(len(doomed), 'run')}" if doomed else ""):
        _do(page, partial(run_actions.delete, models, doomed), then)


@st.dialog("Delete this checkpoint?", icon=":material/delete:", on_dismiss=close)
def _delete_checkpoint(page: str, models: Path, run_id: str, epoch: int) -> None:
    st.markdown(
        f"The weights after epoch {epoch} will be deleted. Its metrics and the curves stay. This cannot be undone."
    )
    if _confirmed("Delete the checkpoint"):
        _do(page, partial(run_actions.delete_checkpoint, models, run_id, epoch), st.rerun)


def _confirmed(label: str) -> bool:
    """Draws the two answers; without a label there is nothing that could be confirmed."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep" if label else "Close", key="delete_no"):
            close()
            st.rerun()
        return bool(label) and st.button(label, key="delete_yes", type="primary", icon=":material/delete:")


def _do(page: str, act: Callable[[], run_actions.Problems], then: Callable[[], None]) -> None:
    """What went wrong is shown on the page until you dismiss it."""
    found = act()
    run_actions.attempt(page, lambda: found)
    close()
    st.rerun() if found else then()


def _names(titles: Sequence[str]) -> str:
    return first_of([f"**{plain(title)}**" for title in titles], NAMED)


def _what(lost: run_actions.Contents) -> str:
    checkpoints = counted(lost.checkpoints, "checkpoint")
    return (
        f"{counted(lost.runs, 'run')} with curves, {checkpoints} and exports, {data_size(lost.bytes)}, will be deleted."
    )
