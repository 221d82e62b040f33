"""Every run, as it is right now: what trains, what waits, what came out, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import dialogs
from pages.ui.live import follow
from pages.ui.runs import broken_off, empty, filters, now, overview, table, toolbar, words
from pages.ui.runs.overview import Row, rows
from pages.ui.text import plain
from tl_core.store import FAILED, models_folder


@st.fragment(key="runs_live")
def live(models: Path) -> None:
    follow(key="runs_follow")
    every = rows(models)
    if not every:
        empty.draw(models)
        return
    now.draw(models, every)
    draw_runs(models, every)


def draw_runs(models: Path, every: tuple[Row, ...]) -> None:
    say_what_went_wrong(every[0])
    broken_off.draw(models, every)
    shown = filters.matching(every, filters.draw(every))
    bar = st.container(key="toolbar")
    if not shown:
        st.info("No run fits. Take back a filter to see more.", icon=":material/filter_alt_off:")
        return
    tags = filters.tags_of(every)
    selected = set(table.draw(shown, tags))
    with bar:
        toolbar.draw(models, [row for row in shown if row.id in selected])
    st.markdown(f"{len(shown):,} of {len(every):,} runs  {words.summary(every)}")


def say_what_went_wrong(newest: Row) -> None:
    if newest.message and newest.status in (FAILED, overview.UNREADABLE):
        st.warning(plain(newest.message), title=plain(f"The newest run, {newest.title}: {newest.status}"))


models = models_folder()
st.title("Runs")
live(models)
dialogs.draw(toolbar.PAGE)
