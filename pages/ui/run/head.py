"""The top of the page: what the run is called and what it is made of."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.ui import places
from pages.ui.run.view import View
from pages.ui.runs.words import MARKS
from pages.ui.text import plain
from tl_core import store
from tl_core.data.sources import short_name


def draw(view: View, notes: store.Notes) -> None:
    st.set_page_config(
        page_title=f"{MARKS[view.status][0]} {view.title} · TL Lab"
    )  # A tab in the background tells the end.
    places.link("runs", "All runs", icon=":material/arrow_back:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(view.title), anchor=False, width="content")
        mark, colour = MARKS[view.status]
        st.markdown(f":{colour}-badge[{mark} {view.status}]", width="content")
    st.caption(plain(made_of(view)))
    if view.forked_from:
        run_id, title, epoch = view.forked_from
        places.link("run", f"Fork at epoch {epoch} of {plain(title)}", icon=":material/fork_right:", run=run_id)
    if notes.tags:
        st.markdown(" ".join(f":gray-badge[{plain(tag)}]" for tag in notes.tags))
    if notes.text:
        st.markdown(plain(notes.text).replace("\n", "  \n"))  # Markdown would join the lines.


def made_of(view: View) -> str:
    """Data, backbone, freeze depth, when it was made, its id."""
    said = []
    if view.spec:
        frozen = "nothing frozen" if view.spec.backbone.freeze == "none" else f"frozen: {view.spec.backbone.freeze}"
        said += [short_name(view.spec.data.source), view.spec.backbone.name, frozen]
    created = view.state.get("created")
    if isinstance(created, int | float):
        said.append(f"{datetime.fromtimestamp(created):%b %d, %H:%M}")
    return " · ".join([*said, view.run.id])
