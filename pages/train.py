"""Train: set up an experiment and start it."""

from __future__ import annotations

import streamlit as st

from pages.ui.train import draft, fork_origin, form, start, summary
from pages.ui.train.plan_view import view_of
from tl_core.store import models_folder

start.follow_click()
st.title("Train")
held = draft.current()
with st.spinner("Listing the images…"):
    view = view_of(held, models_folder())

fork_origin.draw_origin(view)
form.draw_presets(view)
main, side = st.columns([5, 3], gap="medium")
# The buttons first, so that the page can be used while the form is still being drawn.
with side, st.container(border=True, key="side"):
    st.markdown("#### :material/event_note: What will happen")
    summary.draw_figures(view)
    start.draw_start(view)
    summary.draw_details(view)
    summary.draw_sharing(view)
with main:
    form.draw_form(view)
start.wish(view)
# The plan and its buttons stay in sight; "(required)" at every number would be noise, since none starts empty.
st.html("""<style>
@media (min-width: 641px) {
  [data-testid=stColumn]:has(.st-key-side) {position: sticky; top: 4.2rem; align-self: flex-start; max-height: calc(100vh - 5rem); overflow-y: auto}
}
@media (max-width: 640px) {
  .st-key-start {position: fixed; bottom: 0; left: 0; z-index: 90; padding: .6rem 1rem; background: Canvas; border-top: 1px solid #88888866}
}
[data-testid=stWidgetLabelRequired] {display: none}
</style>""")
