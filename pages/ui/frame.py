"""The frame around every page; Streamlit runs it from top to bottom on every visit and every click."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import navigation
from tl_core import store
from tl_core.backbones import added

LOGO = str(Path(__file__).parent / "logo.svg")
HISTORY = (Path(__file__).parent / "history.js").read_text(encoding="utf-8")
STYLE = ".st-key-history { position: absolute; width: 0; }"  # No gap at the top of every page.

# In the dark, no colour is bright enough as text on the page and dark enough below white text of buttons (WCAG 2: 4.5 : 1 each).
STYLE += """
button[data-variant][data-selected]:not([data-disabled]), [data-testid="stSliderThumbValue"]
{ color: light-dark(LIGHT, DARK) !important; }
""".replace("LIGHT", st.get_option("theme.light.primaryColor")).replace("DARK", st.get_option("theme.dark.linkColor"))


def home() -> None:
    # Streamlit gives its default page no address of its own; every page of ours keeps one, whichever comes first.
    navigation.go("runs" if store.runs(store.models_folder()) else "train")


added.use(store.models_folder())
st.set_page_config(page_icon=LOGO, layout="wide")
st.logo(LOGO)
built = [navigation.page(name) for name in navigation.PAGES]
st.components.v2.component("history", js=HISTORY, css=STYLE, isolate_styles=False)(key="history", height=1)
opened = st.navigation([st.Page(home, default=True, visibility="hidden"), *built], position="top")
st.set_page_config(page_title=f"{opened.title} · TL Lab")
navigation.note_page(opened.url_path)
opened.run()
navigation.first_page_drawn.set()
