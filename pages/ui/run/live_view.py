"""The part of the page that moves: it is drawn again whenever the run changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.ui.common import run_actions
from pages.ui.common.run_view import ACTIVE, RunView, in_run, read_view
from pages.ui.live import follow
from pages.ui.markdown import plain
from pages.ui.run import checkpoints, cure, curves, data, diagnosis, epochs, header, log, panel, settings, test_report
from pages.ui.run.status import status_sentence
from tl_core import store
from tl_core.errors import BadInput

TABS: dict[str, Callable[[RunView], None]] = {
    "Curves": curves.draw_curves,
    panel.DIAGNOSIS: diagnosis.draw_diagnosis,
    "Epochs": epochs.draw_epochs,
    "Checkpoints": checkpoints.draw_checkpoints,
    "Test report": test_report.draw_report,
    "Settings": settings.draw_settings,
    "Data": data.draw_data,
    "Log": log.draw_log,
}


def draw_live(models: Path, before: RunView) -> None:
    """Draws it from one reading of the run, so that curves and figures never differ; names the tab anew where the status changed."""

    @st.fragment(key="live")
    def live() -> None:
        try:
            follow("follow", before.run.id)
        except BadInput:  # Deleted, here or elsewhere.
            st.rerun()
        view = read_view(before.run)
        if _shape(view) != shape:
            st.rerun()
        header.draw_head(view)
        run_actions.draw_problems(view.page)
        _draw_end(view, models)
        cure.draw_cure(view)
        curves_side, figures_side = st.columns([2, 1], gap="medium")
        tabs = curves_side.tabs(list(TABS), key="tab", bind="query-params")
        opened = next((name for name, tab in zip(TABS, tabs, strict=True) if tab.open), "")
        with figures_side:  # First: photos of the gallery take a while, and verdict and figures do not wait for them.
            panel.draw_panel(view, models, opened)
        for name, tab in zip(TABS, tabs, strict=True):
            if tab.open:
                with tab:
                    _guarded(TABS[name], view)

    shape = _shape(before)
    live()


def _shape(view: RunView) -> tuple[object, ...]:
    """What the browser's tab, outside the moving part, was named for."""
    return view.status, view.title


def _draw_end(view: RunView, models: Path) -> None:
    """Why a run ended and what of it is damaged; above the curves only where there is something to say."""
    if view.damage:
        st.error(
            plain(" ".join(view.damage)),
            title="Files of this run are damaged. What can be read is shown; it can be deleted.",
        )
    if view.status in ACTIVE:
        return
    said = plain(status_sentence(view, models))
    if view.status in (store.FAILED, store.INTERRUPTED) and not view.state.damage:
        (st.error if view.status == store.FAILED else st.warning)(said)
        _guarded(log.draw_trace, view)
    else:
        st.markdown(said)


def _guarded(draw_tab: Callable[[RunView], None], view: RunView) -> None:
    try:
        draw_tab(view)
    except BadInput as error:
        st.error(plain(in_run(view.run, str(error))))
