"""Controls whose values stand in the address, so that a link, a reload and the way back keep them.

Streamlit's own bind="query-params" does the same but for the way back: on leaving a page with such values in its address, it first
adds the bare address of that page to the browser's history (1.67), and Back then goes there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import streamlit as st


def remember(
    key: str, default: Any, read: Callable[[str], Any], write: Callable[[Any], str] = str
) -> Callable[[], None]:
    """Gives the widget of this key the value in the address, else the default. Call it before drawing the widget.

    Args:
        key: Of the widget, and its name in the address.
        read: Turns the text of the address into a value; raises ValueError where it is none.
        write: Turns a value into that text.

    Returns:
        What the widget takes as `on_change`; the default leaves the address.
    """
    st.session_state[key] = _value(key, default, read)
    return partial(_keep, key, default, write)


def one_of(options: Collection[str]) -> Callable[[str], str]:
    """Reads one of these."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return read


def several_of(options: Collection[str]) -> Callable[[str], list[str]]:
    """Reads any number of these, with commas between them; written by ",".join."""

    def read(text: str) -> list[str]:
        return [one_of(options)(part) for part in text.split(",") if part]

    return read


def between(low: float, high: float) -> Callable[[str], float]:
    """Reads a number from `low` to `high`."""

    def read(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return read


def _value(key: str, default: Any, read: Callable[[str], Any]) -> Any:
    said = st.query_params.get(key)
    if said is None:
        return default
    try:
        return read(said)
    except ValueError:  # Somebody wrote the link by hand.
        return default


def _keep(key: str, default: Any, write: Callable[[Any], str]) -> None:
    value = st.session_state[key]
    if value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = write(value)
