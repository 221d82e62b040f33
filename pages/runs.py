"""The Runs page: queued, running and finished runs, and what you can do with them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.common import run_dialogs, run_list, status_text
from pages.ui.common.run_list import Row, rows
from pages.ui.live import follow
from pages.ui.markdown import plain
from pages.ui.runs import active_runs, first_run, table, toolbar
from tl_core.store import FAILED, models_folder


@st.fragment(key="runs_live")
def live(models: Path) -> None:
    follow(key="runs_follow")
    every = rows(models)
    if not every:
        first_run.draw_first_run(models)
        return
    active_runs.draw_active(models, every)
    draw_runs(models, every)


def draw_runs(models: Path, every: tuple[Row, ...]) -> None:
    say_what_went_wrong(every[0])
    active_runs.draw_interrupted(models, every)
    shown = toolbar.matching(every, toolbar.draw_filters(every))
    if not shown:
        st.info("No run matches. Remove a filter to see more.", icon=":material/filter_alt_off:")
        return
    with st.container(key="toolbar"):
        toolbar.draw_toolbar(models, table.selected(shown))
    table.draw_table(every, shown)
    st.markdown(f"{len(shown):,} of {len(every):,} runs  {status_text.status_counts(every)}")


def say_what_went_wrong(newest: Row) -> None:
    if newest.message and newest.status in (FAILED, run_list.UNREADABLE):
        st.warning(plain(newest.message), title=plain(f"The newest run, {newest.title}: {newest.status}"))


models = models_folder()
st.title("Runs")
live(models)
run_dialogs.draw_open_dialog(toolbar.PAGE)
