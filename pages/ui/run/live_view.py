"""The part of the page that moves: it is drawn again whenever the run changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.ui.common.run_view import RunView, read_view
from pages.ui.live import follow
from pages.ui.markdown import plain
from pages.ui.run import (
    change_dialog,
    checkpoints,
    controls,
    curves,
    data,
    epochs,
    header,
    log,
    settings,
    status,
    test_report,
)
from pages.ui.run.status import status_sentence
from tl_core import store
from tl_core.errors import BadInput

TABS: dict[str, Callable[[RunView], None]] = {
    "Curves": curves.draw_curves,
    "Epochs": epochs.draw_epochs,
    "Checkpoints": checkpoints.draw_checkpoints,
    "Test report": test_report.draw_report,
    "Settings": settings.draw_settings,
    "Data": data.draw_data,
    "Log": log.draw_log,
}


def draw_live(models: Path, before: RunView) -> None:
    """Draws it, and the whole page again where the run is no longer what its buttons were drawn for."""

    @st.fragment(key="live")
    def live() -> None:
        try:
            follow("follow", before.run.id)
        except BadInput:  # Deleted, here or elsewhere.
            st.rerun()
        view = read_view(before.run)
        if _shape(view) != shape:
            st.rerun()
        _draw_status(view, models)
        status.draw_progress(view)
        change_dialog.draw_changes(view)
        header.draw_figures(view)
        _tabs(view)

    shape = _shape(before)
    live()


def _shape(view: RunView) -> tuple[object, ...]:
    """What head and buttons, outside the moving part, were drawn for."""
    exported = (view.run.export / "model.keras").exists()
    asked = view.status == store.RUNNING and store.stop_requested(view.run)
    return view.status, view.title, view.damage, bool(view.records), exported, asked, controls.best_kept(view)


def _draw_status(view: RunView, models: Path) -> None:
    said = plain(status_sentence(view, models))
    if view.status in (store.FAILED, store.INTERRUPTED):
        (st.error if view.status == store.FAILED else st.warning)(said)
        log.draw_trace(view)
    else:
        st.markdown(said)


def _tabs(view: RunView) -> None:
    for name, tab in zip(TABS, st.tabs(list(TABS), key="tab", bind="query-params"), strict=True):
        if tab.open:
            with tab:
                _guarded(TABS[name], view)


def _guarded(draw_tab: Callable[[RunView], None], view: RunView) -> None:
    try:
        draw_tab(view)
    except BadInput as error:
        st.error(plain(str(error)))
