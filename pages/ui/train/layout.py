"""What stays in sight of the Train page while it is scrolled: the buttons, the links to the cards, the plan."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_RULES = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def draw_style() -> None:
    """Draws nothing that can be seen."""
    # Outside components Streamlit gives the page no names for its colours; what scrolls past must not shine through.
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    st.html(f"<style>:root {{--tl-page: light-dark({light}, {dark})}}\n{_RULES}</style>")
