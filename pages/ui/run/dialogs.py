"""Questions asked in a window of their own: title and notes, deleting a run, deleting a checkpoint.

Which is open stands in the session and not in a click, so a page that runs again because the run went on keeps it open.
"""

from __future__ import annotations

import streamlit as st

from pages.ui import places
from pages.ui.run.view import View
from pages.ui.text import plain, size
from tl_core import store
from tl_core.errors import BadInput
from tl_core.store import checkpoints
from tl_core.store.notes import LONGEST_TEXT, LONGEST_TITLE, MOST_TAGS

ASKED = "run_asked"


def open(what: str, run: store.Run, epoch: int | None = None) -> None:
    """Has the page ask: "edit", "delete", or "checkpoint" with its epoch."""
    st.session_state[ASKED] = (what, run.id, epoch)


def close() -> None:
    st.session_state.pop(ASKED, None)


def draw(view: View) -> None:
    """Draws the window that is open for this run, if one is."""
    what, run_id, epoch = st.session_state.get(ASKED) or (None, None, None)
    if run_id != view.run.id:
        return
    if what == "edit":
        _edit(view)
    elif what == "delete" and view.status != store.RUNNING:
        _delete(view)
    elif what == "checkpoint" and epoch is not None:
        _delete_checkpoint(view, epoch)


@st.dialog("Title, tags and note", icon=":material/edit:", on_dismiss=close)
def _edit(view: View) -> None:
    notes = store.read_notes(view.run)
    title = st.text_input(
        "Title", notes.title, LONGEST_TITLE, placeholder=view.title, help="Empty: the title it began with."
    )
    tags = st.multiselect(
        "Tags",
        notes.tags,
        notes.tags,
        accept_new_options=True,
        max_selections=MOST_TAGS,
        placeholder="Type a tag and press Enter",
        help="Words to find the run by in the table of runs.",
    )
    text = st.text_area("Note", notes.text, max_chars=LONGEST_TEXT, help="What you want to remember of it.")
    if st.button("Save", type="primary", key="save_notes"):
        _save(view.run, store.Notes(title, tuple(tags), text))


def _save(run: store.Run, notes: store.Notes) -> None:
    try:
        store.write_notes(run, notes)
    except (BadInput, OSError) as error:
        st.error(plain(str(error)))
    else:
        close()
        st.rerun()


@st.dialog("Delete this run?", icon=":material/delete:", on_dismiss=close)
def _delete(view: View) -> None:
    files = [file for file in view.run.folder.rglob("*") if file.is_file()]
    held = size(sum(file.stat().st_size for file in files))
    st.markdown(f"**{plain(view.title)}** with its curves, checkpoints and report: {held}. It cannot be brought back.")
    if _confirmed("Delete the run", "delete_run"):
        try:
            store.delete(view.run)
        except (BadInput, OSError) as error:
            st.error(plain(str(error)))
        else:
            close()
            places.go("runs")


@st.dialog("Delete this checkpoint?", icon=":material/delete:", on_dismiss=close)
def _delete_checkpoint(view: View, epoch: int) -> None:
    st.markdown(
        f"The weights after epoch {epoch}. Its figures and the curves stay; the weights cannot be brought back."
    )
    if _confirmed("Delete the checkpoint", "delete_checkpoint"):
        try:
            checkpoints.remove(view.run, epoch)
        except (BadInput, OSError) as error:
            st.error(plain(str(error)))
        else:
            close()
            st.rerun()


def _confirmed(label: str, key: str) -> bool:
    with st.container(horizontal=True):
        confirmed = st.button(label, type="primary", icon=":material/delete:", key=key)
        if st.button("Keep it", key=f"{key}_not"):
            close()
            st.rerun()
    return confirmed
