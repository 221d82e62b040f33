"""What was kept, explorations or sweeps: a line each, newest first, a dozen at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from tl_core.store.kept import Kept

SHOWN = 12
"""Lines at a time: each reads two files and has two buttons."""

One = TypeVar("One", bound=Kept)


def draw_list(found: Sequence[One], title: str, key: str, draw_line: Callable[[One], None]) -> None:
    """Draws the lines of all, in pages if there are more than fit; nothing if there are none.

    Args:
        found: The newest first.
    """
    if not found:
        return
    with st.expander(f"{title} ({len(found)})", icon=":material/history:", key=key):
        lines, pages = st.container(), -(-len(found) // SHOWN)
        page = st.pagination(pages, key=f"{key}_page") if pages > 1 else 1
        with lines:
            for one in found[(page - 1) * SHOWN :][:SHOWN]:
                draw_line(one)
