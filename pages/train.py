"""Train: set up an experiment and start it."""

from __future__ import annotations

import streamlit as st

from pages.ui.common import run_dialogs
from pages.ui.train import draft, fork_origin, form, form_bar, layout, presets, start, summary
from pages.ui.train.plan_view import view_of
from tl_core.store import models_folder

models = models_folder()
start.follow_click(models)
st.title("Train", anchor=False)
held = draft.current()
with st.spinner("Listing the images…"):
    view = view_of(held, models)

# The buttons first, so that the page can be used while the form is still being drawn, and with a few presses of the Tab key.
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="bar"):
    start.draw_buttons(view)
    with st.container(width="content", key="links"):
        form_bar.draw_links(form.CARDS)
fork_origin.draw_origin(view)
presets.draw_presets(view)
main, side = st.columns([5, 3], gap="medium")
with side, st.container(border=True, key="side"):
    st.header(":material/event_note: What will happen", anchor=False)
    summary.draw_figures(view)
    start.draw_start(view)
    summary.draw_explore(view)
    summary.draw_details(view)
    summary.draw_sharing(view)
with main:
    form.draw_form(view)
run_dialogs.draw_open_dialog("train")
start.wish(view)
layout.draw_style()
