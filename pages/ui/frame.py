"""The frame around every page; Streamlit runs it from top to bottom on every visit and every click."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import places
from tl_core import store

LOGO = str(Path(__file__).parent / "logo.svg")


def home() -> None:
    # Streamlit gives its default page no address of its own; every page of ours keeps one, whichever comes first.
    places.go("runs" if store.runs(store.models_folder()) else "train")


st.set_page_config(page_title="TL Lab", page_icon=LOGO, layout="wide")
st.logo(LOGO)
built = [places.page(name) for name in places.PLACES if (places.FOLDER / f"{name}.py").exists()]
st.navigation([st.Page(home, default=True, visibility="hidden"), *built], position="top").run()
