"""The part of the page that moves: the server brings it back whenever the run changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.ui.live import follow
from pages.ui.run import (
    changing,
    checkpoints,
    curves,
    data,
    epochs,
    forking,
    headline,
    log,
    progress,
    report,
    settings,
)
from pages.ui.run.story import story
from pages.ui.run.view import View, look
from pages.ui.text import plain
from tl_core import store
from tl_core.errors import BadInput

TABS: dict[str, Callable[[View], None]] = {
    "Curves": curves.draw,
    "Epochs": epochs.draw,
    "Checkpoints": checkpoints.draw,
    "Test report": report.draw,
    "Settings": settings.draw,
    "Data": data.draw,
    "Log": log.draw,
}


def draw(models: Path, before: View) -> None:
    """Draws it, and the whole page again where the run is no longer what its buttons were drawn for."""

    @st.fragment(key="live")
    def live() -> None:
        try:
            follow("follow", before.run.id)
        except BadInput:  # Deleted, here or elsewhere.
            st.rerun()
        view = look(before.run)
        if _shape(view) != shape:
            st.rerun()
        _tell(view, models)
        progress.draw(view)
        changing.draw(view)
        headline.draw(view)
        _tabs(view)

    shape = _shape(before)
    live()


def _shape(view: View) -> tuple[object, ...]:
    """What head and buttons, outside the moving part, were drawn for."""
    exported = (view.run.export / "model.keras").exists()
    asked = view.status == store.RUNNING and store.stop_requested(view.run)
    return view.status, view.title, view.damage, bool(view.lines), exported, asked, forking.best_kept(view)


def _tell(view: View, models: Path) -> None:
    said = plain(story(view, models))
    if view.status in (store.FAILED, store.INTERRUPTED):
        (st.error if view.status == store.FAILED else st.warning)(said)
        log.draw_trace(view)
    else:
        st.markdown(said)


def _tabs(view: View) -> None:
    for name, tab in zip(TABS, st.tabs(list(TABS), key="tab", bind="query-params"), strict=True):
        if tab.open:
            with tab:
                _guarded(TABS[name], view)


def _guarded(draw_tab: Callable[[View], None], view: View) -> None:
    try:
        draw_tab(view)
    except BadInput as error:
        st.error(plain(str(error)))
