"""What can be done with a run: only what its status allows is offered."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui import dialogs, places, problems
from pages.ui.address import train_params
from pages.ui.run import changing, forking
from pages.ui.run.story import obstacle_of
from pages.ui.run.view import View
from pages.ui.runs import actions
from tl_core import store

LIKE_BUTTONS = """<style>
:is(.st-key-controls, [class*="st-key-checkpoint_"]) [data-testid="stPageLink-NavLink"] {
  min-height: 2.5rem; padding: .25rem .75rem; border: 1px solid #8888884d;
}
:is(.st-key-controls, [class*="st-key-checkpoint_"]) [data-testid="stPageLink-NavLink"]:is(:hover, :focus-visible) {
  border-color: currentColor;
}
</style>"""
"""Links that stand among buttons look like them, and stay links: they can be opened in another tab."""


def draw(view: View) -> None:
    run = view.run
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        _go_on(view)
        if view.lines:
            places.link("compare", "Compare with …", runs=run.id)
        if (run.export / "model.keras").exists():
            places.link("predict", "Predict with it", run=run.id)
        forking.from_best(view)
        if changing.possible(view) and _button("Change while it trains …", ":material/tune:", "change"):
            changing.open_window(view)
        if view.spec and _button("Run again with changes", ":material/replay:", "again"):
            places.go("train", **train_params(view.spec))
        if _button("Title, tags, notes", ":material/edit:", "edit"):
            dialogs.edit(view.page, run.models, run.id)
        if view.status != store.RUNNING and _button("Delete", ":material/delete:", "delete"):
            dialogs.delete(view.page, run.models, {run.id: view.title}, partial(places.go, "runs"))
    st.html(LIKE_BUTTONS)
    problems.draw(view.page)


def _go_on(view: View) -> None:
    """The button that starts or ends work on the run."""
    if view.status == store.RUNNING and store.stop_requested(view.run):
        st.button("Stopping after the batch in flight", icon="spinner", disabled=True, key="stopping")
    elif view.status == store.RUNNING:
        _act(view, "Stop", ":material/stop:", actions.stop, primary=True)
    elif view.status == store.QUEUED:
        _act(view, "Cancel", ":material/close:", actions.cancel)
    elif view.status in actions.RESUMABLE and not obstacle_of(view):
        _act(view, "Resume", ":material/play_arrow:", actions.resume, primary=True)


def _act(view: View, label: str, icon: str, act: actions.Act, primary: bool = False) -> None:
    st.button(
        label,
        icon=icon,
        key=label.lower(),
        type="primary" if primary else "secondary",
        on_click=problems.noted,
        args=(view.page, act, view.run.models, (view.run.id,)),
    )


def _button(label: str, icon: str, key: str) -> bool:
    return st.button(label, icon=icon, key=key)
