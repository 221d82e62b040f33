"""The page of one run: /run?run=ID."""

from __future__ import annotations

import streamlit as st

from pages.ui import dialogs
from pages.ui.run import controls, head, live, missing
from pages.ui.run.view import look
from pages.ui.text import plain
from tl_core import store
from tl_core.errors import BadInput

models = store.models_folder()
asked = st.query_params.get("run", "")
try:
    run = store.get(models, asked)
except BadInput:
    missing.draw(models, asked)
    st.stop()

st.query_params["run"] = run.id  # A link from a page to itself hands over the new address without showing it.
view = look(run)
head.draw(view, store.read_notes(run))
controls.draw(view)
if view.damage:
    st.error(
        plain(" ".join(view.damage)),
        title="Files of this run are damaged. What can be read is shown; it can be deleted.",
    )
live.draw(models, view)
dialogs.draw(view.page)
