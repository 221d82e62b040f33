"""The page of one run: /run?run=ID."""

from __future__ import annotations

import streamlit as st

from pages.ui.common import run_dialogs
from pages.ui.common.run_view import read_view
from pages.ui.run import header, live_view
from tl_core import store
from tl_core.errors import BadInput

models = store.models_folder()
asked = st.query_params.get("run", "")
try:
    run = store.get_run(models, asked)
except BadInput:
    header.draw_not_found(models, asked)
    st.stop()

st.query_params["run"] = run.id  # A link from a page to itself hands over the new address without showing it.
view = read_view(run)
header.name_tab(view)
live_view.draw_live(models, view)
run_dialogs.draw_open_dialog(view.page)
