"""The head of the page: one line that stays in sight, with the title, the status, one bar, and the button that starts or ends work."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_list, status_text
from pages.ui.common.run_view import RunView
from pages.ui.common.status_text import MARKS
from pages.ui.markdown import plain
from pages.ui.run import controls, status
from tl_core import store
from tl_core.errors import nearest

STYLE = Path(__file__).with_name("run.css").read_text(encoding="utf-8")

SHOWN = 5
"""How many runs are offered instead."""

LONGEST = 80
"""Characters of an address that are shown."""


def name_tab(view: RunView) -> None:
    """Names the browser's tab; one in the background so shows the end of a run."""
    st.set_page_config(page_title=f"{MARKS[view.status][0]} {view.title} · TL Lab")


def draw_head(view: RunView) -> None:
    """A long title is cut, so that it never pushes the page down; all of it is in its tooltip."""
    mark, colour = MARKS[view.status]
    st.html(f"<style>{STYLE}{_background()}</style>")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run_head"):
        navigation.link("runs", "All runs", icon=":material/arrow_back:")
        title = escape(view.title)
        st.html(f'<h1 title="{title}">{title}</h1>', width="content")
        st.markdown(f":{colour}-badge[{mark} {view.status}]", width="content")
        _bar(view)
        controls.draw_go_on(view)


def _background() -> str:
    """The colour of the page as CSS, for the line that lies over it; Streamlit gives the page no name for it."""
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    return f":root {{ --run-head: light-dark({light}, {dark}); }}"


def _bar(view: RunView) -> None:
    """How far the run is; while no epoch is in work, how far what it does."""
    now = view.progress
    if view.status == store.RUNNING and (now is None or now.activity.epoch):
        st.progress(status_text.share_done(len(view.records), view.epochs, now), status.overall_text(view))
    elif view.status in (store.RUNNING, store.QUEUED) and now is not None:
        st.progress(status_text.stage_share(now), plain(status.stage_text(now)))


def draw_not_found(models: Path, asked: str) -> None:
    known = store.runs(models)
    if not asked:
        st.title("Which run?", anchor=False)
    else:
        st.title("There is no such run", anchor=False)
        shown = asked if len(asked) <= LONGEST else f"{asked[:LONGEST]}…"
        st.markdown(f"No run is called **{plain(shown)}**. It may have been deleted, or the link may be incomplete.")
    if not known:
        st.markdown("There are no runs yet.")
        navigation.link("train", "Train the first one")
        return
    near = nearest(asked[:LONGEST], [run.id for run in known], SHOWN) if asked else []
    st.markdown("The nearest:" if near else "The newest:")
    for run_id in near or [run.id for run in known[:SHOWN]]:
        run = run_list.run_of(models, run_id)
        navigation.link("run", plain(f"{store.title_of(run)} ({run_id})"), run=run_id)
    navigation.link("runs", "All runs")
