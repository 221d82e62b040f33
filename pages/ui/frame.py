"""The frame around every page; Streamlit runs it from top to bottom on every visit and every click."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
LOGO = str(HERE / "logo.svg")

runs = st.Page(HERE.parent / "runs.py", title="Runs", icon=":material/table_rows:")


def home() -> None:
    # Streamlit gives its default page no address of its own; every page of ours keeps one, whichever comes first.
    st.switch_page(runs)


st.set_page_config(page_title="TL Lab", page_icon=LOGO, layout="wide")
st.logo(LOGO)
st.navigation([st.Page(home, default=True, visibility="hidden"), runs]).run()
