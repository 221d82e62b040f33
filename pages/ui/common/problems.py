"""What went wrong at the last click, kept until you dismiss it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui.markdown import plain

Problems = tuple[str, ...]
"""A sentence for each thing that could not be done."""


def attempt(page: str, act: Callable[..., Problems], *given: object) -> None:
    """Does something and keeps what could not be done. For buttons' callbacks: they run once a click."""
    st.session_state[_key(page)] = act(*given)


def draw_problems(page: str) -> None:
    """Draws what could not be done on a page, with a button that puts it away."""
    problems: Problems = st.session_state.get(_key(page), ())
    if not problems:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error("  \n".join(map(plain, problems)), icon=":material/error:")
        st.button("Dismiss", key=f"{page}_dismiss", on_click=lambda: st.session_state.pop(_key(page), None))


def _key(page: str) -> str:
    return f"{page}_problems"
