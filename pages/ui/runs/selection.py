"""Which runs are selected in the table.

The browser says which lines of the table it was sent last; by the time that is read, a new run may stand on top, or a filter may
hide some. So lines become ids by the order that was sent, and ids become lines by the order that is sent next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

KEY = "runs_table"
FIRST = "Open"
"""The first column. The browser says that its cell was clicked when a header was, or the table got the keyboard."""

_ORDER = "runs_table_order"


def followed(ids: Sequence[str]) -> tuple[str, ...]:
    """The selected ids among those that are drawn now, in this order. Call it right before the table is drawn."""
    lines, cells = _said()
    before: Sequence[str] = st.session_state.get(_ORDER, ids)
    selected = chosen(lines, cells, before)
    now = [line for line, run in enumerate(ids) if run in selected]
    if set(now) != set(lines) or cells:
        st.session_state[KEY] = {"selection": {"rows": now, "columns": [], "cells": []}}
    st.session_state[_ORDER] = tuple(ids)
    return tuple(ids[line] for line in now)


def id_at(line: int) -> str | None:
    """The id in a line of the table as it was sent last; None where there is no such line."""
    order: Sequence[str] = st.session_state.get(_ORDER, ())
    return order[line] if 0 <= line < len(order) else None


def chosen(lines: Sequence[int], cells: Sequence[Any], order: Sequence[str]) -> frozenset[str]:
    """The ids in these lines. A click on a cell turns the line it is in: selected, or no longer."""
    selected = {order[line] for line in lines if line < len(order)}
    clicked = {order[line] for line, column in cells if line < len(order) and column != FIRST}
    return frozenset(selected ^ clicked)


def _said() -> tuple[list[int], list[Any]]:
    said = st.session_state.get(KEY)
    if not said:
        return [], []
    return list(said["selection"].get("rows", ())), list(said["selection"].get("cells", ()))
