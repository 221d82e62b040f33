"""Train: set up an experiment and start it."""

from __future__ import annotations

import streamlit as st

from pages.ui.forms import draft, groups, origin, presets, sharing, starting, summary
from pages.ui.forms.planning import view_of
from tl_core.store import models_folder

starting.follow_click()
st.title("Train")
held = draft.current()
with st.spinner("Listing the pictures…"):
    view = view_of(held, models_folder())

origin.draw(view)
presets.draw(view)
form, side = st.columns([5, 3], gap="medium")
# The buttons first, so that the page can be used while the form is still being drawn.
with side, st.container(border=True, key="side"):
    st.markdown("#### :material/event_note: What will happen")
    summary.figures(view)
    starting.draw(view)
    summary.details(view)
    sharing.draw(view)
with form:
    groups.draw(view)
starting.wish(view)
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
