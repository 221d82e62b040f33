"""Links to the cards of the form, which stay in sight, and the key that presses Train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui.train.form import Card

_STYLE = """
nav {display: flex; gap: 4px; overflow-x: auto; padding: 2px; font-size: .875rem}
button {font: inherit; color: inherit; background: none; border: 0; border-bottom: 2px solid transparent; padding: 6px 8px}
button {cursor: pointer; white-space: nowrap}
button:hover {border-color: var(--st-border-color)}
button[aria-current=true] {border-color: var(--st-primary-color)}
button:focus-visible {outline: 2px solid var(--st-primary-color); outline-offset: -2px; border-radius: 4px}
"""
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_NAME = "tl_form_bar"


def draw_links(cards: Sequence[Card]) -> None:
    """Draws a link to each card."""
    mounted = st.components.v2.component(_NAME, js=_SCRIPT, css=_STYLE)
    mounted(key=_NAME, data={"cards": [{"key": card.key, "name": card.name} for card in cards]})
