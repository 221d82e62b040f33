"""What could not be done at the last click, kept until somebody has read it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui.runs.actions import Problems
from pages.ui.text import plain

KEY = "runs_problems"


def noted(act: Callable[..., Problems], *given: object) -> None:
    """Does something and keeps what could not be done. For buttons' callbacks: they run once a click."""
    st.session_state[KEY] = act(*given)


def draw() -> None:
    """Draws what could not be done, with a button that puts it away."""
    problems = st.session_state.get(KEY)
    if not problems:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error("  \n".join(map(plain, problems)), icon=":material/error:")
        st.button("Dismiss", key="dismiss_problems", on_click=lambda: st.session_state.pop(KEY, None))
