"""One setting as one widget, whatever the setting: a new row of the table needs nothing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages.ui.markdown import plain
from tl_core.backbones import BACKBONES
from tl_core.experiment.solved import SOLVED
from tl_core.params import Param, read_text
from tl_core.registry import Registry

MOST_STEPS = 200
"""A slider with more steps than this is too fine for a mouse."""

MOST_BUTTONS = 2
"""More choices than these fold into a list."""

TITLED: Mapping[str, Registry[Any]] = {"backbone.name": BACKBONES, "head.classifier": SOLVED}
"""Settings whose choices are rows of a table, which have titles."""

OnValue = Callable[[Any], None]
"""Receives the new value, in a callback."""


def draw_param(
    row: Param,
    value: Any,
    key: str,
    on_value: OnValue,
    placeholder: str = "",
    *,
    disabled: bool = False,
    titled: bool = True,
) -> None:
    """Draws the widget of a row, showing a value.

    Args:
        on_value: Is called with the new plain value when you change it.
        placeholder: What an empty field shows; by default that it is not set.
        disabled: Whether the value can only be read.
        titled: Whether the title stands above it; otherwise only screen readers have it.
    """
    kind = kind_of(row)
    common = {"key": key, "help": help_of(row), "on_change": _on_change, "args": (row, key, on_value)}
    common |= {"disabled": disabled, "label_visibility": "visible" if titled else "collapsed"}
    if key not in st.session_state:
        st.session_state[key] = _shown(kind, row, value)
    else:
        common |= _again(kind, row, st.session_state[key])
    _WIDGETS[kind](row, common, placeholder)


def _again(kind: str, row: Param, held: Any) -> dict[str, Any]:
    """What a widget that is drawn again begins with where the browser does not have it yet.

    A page that runs again at once drops what it had not sent, and with it what the session state says of a new widget. The browser
    would begin with the lowest value then, and send that back as if you had chosen it.
    """
    if kind == "list":
        return {"index": row.choices.index(held)} if held in row.choices else {}
    return {"default" if kind == "buttons" else "value": held}


def kind_of(row: Param) -> str:
    """Which widget a row has: "slider", "number", "toggle", "buttons", "list" or "text"."""
    if row.kind in ("integer", "number"):
        fits = None not in (row.low, row.high, row.step) and not row.optional
        return "slider" if fits and _steps(row) <= MOST_STEPS else "number"
    if row.kind == "choice":
        return "buttons" if len(row.choices) <= MOST_BUTTONS and not row.optional else "list"
    return "toggle" if row.kind == "switch" else "text"


def help_of(row: Param) -> str:
    """What a setting is for, what it may be, and what it is called elsewhere."""
    allowed = plain(row.allowed) + (", or empty: not set" if row.optional else "")
    default = "not set" if row.default is None else plain(_typed(row.default)) or "none"
    return f"{plain(row.help)}\n\n**Allowed:** {allowed}.  \n**Default:** {default}.  \n`{row.path}`"


def choice_title(row: Param, choice: Any) -> str:
    """What a form calls a choice."""
    rows = TITLED.get(row.path)
    return str(rows[choice].title) if rows is not None and choice in rows else str(choice).replace("_", " ")


def _steps(row: Param) -> float:
    return (float(row.high or 0) - float(row.low or 0)) / float(row.step or 1)


def _shown(kind: str, row: Param, value: Any) -> Any:
    if kind == "text":
        return "" if value is None else _typed(value)
    return float(value) if row.kind == "number" and value is not None else value


def _typed(value: Any) -> str:
    """A value as you type it: lists without their brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name}:{amount:g}" for name, amount in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _on_change(row: Param, key: str, on_value: OnValue) -> None:
    # Otherwise its dialog has just been closed, and the browser reports once more what it showed.
    if key in st.session_state:
        on_value(_value_of(row, st.session_state[key]))


def _value_of(row: Param, shown: Any) -> Any:
    """The plain value that a widget shows; a list that cannot be read stays text, which the check of the settings refuses."""
    if kind_of(row) != "text" or not isinstance(shown, str):
        return shown
    if row.optional and not shown.strip():
        return None
    return (
        [read_text(part.strip()) for part in shown.split(",") if part.strip()] if row.kind == "list" else shown.strip()
    )


def _slider(row: Param, common: dict[str, Any], _placeholder: str) -> None:
    number = int if row.kind == "integer" else float
    written = "%.0f" if float(row.step or 1).is_integer() else "%.2f"
    st.slider(
        row.title, number(row.low or 0), number(row.high or 0), step=number(row.step or 1), format=written, **common
    )


def _number(row: Param, common: dict[str, Any], placeholder: str) -> None:
    number = int if row.kind == "integer" else float
    low, high = (None if bound is None else number(bound) for bound in (row.low, row.high))
    common = {"value": None, **common} if row.optional else {"required": True, **common}
    common |= {"placeholder": placeholder or "not set", "step": _step(row), "format": "%d" if number is int else "%g"}
    st.number_input(row.title, low, high, **common)


def _step(row: Param) -> float:
    """The step of the plus and minus buttons; by default a tenth of the default value."""
    if row.kind == "integer":
        return int(row.step or 1)
    return float(row.step or (row.default or 1e-3) / 10)


def _toggle(row: Param, common: dict[str, Any], _placeholder: str) -> None:
    st.toggle(row.title, **common)


def _buttons(row: Param, common: dict[str, Any], _placeholder: str) -> None:
    st.segmented_control(
        row.title, row.choices, format_func=lambda choice: choice_title(row, choice), required=True, **common
    )


def _list(row: Param, common: dict[str, Any], _placeholder: str) -> None:
    common = {"index": None, **common} if row.optional else common
    st.selectbox(row.title, row.choices, format_func=lambda choice: choice_title(row, choice), **common)


def _text_field(row: Param, common: dict[str, Any], placeholder: str) -> None:
    st.text_input(row.title, placeholder=placeholder or row.form, **common)


_WIDGETS: dict[str, Callable[[Param, dict[str, Any], str], None]] = {
    "slider": _slider,
    "number": _number,
    "toggle": _toggle,
    "buttons": _buttons,
    "list": _list,
    "text": _text_field,
}
