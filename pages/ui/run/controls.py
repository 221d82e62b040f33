"""What can be done with a run: only what its status allows is offered."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import places
from pages.ui.address import train_params
from pages.ui.run import dialogs
from pages.ui.run.story import obstacle_of
from pages.ui.run.view import RESUMABLE, View
from pages.ui.text import plain
from tl_core import store
from tl_core.errors import BadInput

REFUSED = "run_refused"
"""Where a callback leaves the sentence that the page shows next."""


def draw(view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        _go_on(view)
        if view.lines:
            places.link("compare", "Compare with …", runs=view.run.id)
        if (view.run.export / "model.keras").exists():
            places.link("predict", "Predict with it", run=view.run.id)
        if view.spec and st.button("Run again with changes", icon=":material/tune:", key="again"):
            places.go("train", **train_params(view.spec))
        _button("Title, tags, note", ":material/edit:", "edit", lambda: dialogs.open("edit", view.run))
        if view.status != store.RUNNING:
            _button("Delete", ":material/delete:", "delete", lambda: dialogs.open("delete", view.run))
    if refused := st.session_state.pop(REFUSED, None):
        st.error(plain(refused))


def _go_on(view: View) -> None:
    """The button that starts or ends work on the run."""
    run = view.run
    if view.status == store.RUNNING and store.stop_requested(run):
        st.button("Stopping after the batch in flight", icon="spinner", disabled=True, key="stopping")
    elif view.status == store.RUNNING:
        _button("Stop", ":material/stop:", "stop", lambda: store.request_stop(run), primary=True)
    elif view.status == store.QUEUED:
        _button("Cancel", ":material/close:", "cancel", lambda: store.queue.cancel(run))
    elif view.status in RESUMABLE and not obstacle_of(view):
        _button("Resume", ":material/play_arrow:", "resume", lambda: _resume(run), primary=True)


def _button(label: str, icon: str, key: str, act: Callable[[], None], primary: bool = False) -> None:
    st.button(label, icon=icon, key=key, type="primary" if primary else "secondary", on_click=_tried, args=(act,))


def _resume(run: store.Run) -> None:
    # A second click, or another tab, may come after the first was met.
    if store.read_state(run)["status"] in RESUMABLE:
        store.queue.add(run)


def _tried(act: Callable[[], None]) -> None:
    try:
        act()
    except (BadInput, OSError) as error:
        st.session_state[REFUSED] = str(error)
