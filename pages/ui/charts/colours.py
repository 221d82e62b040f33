"""The colours of charts, as names that the browser turns into the colours of the theme it shows.

`theme:3` is entry 3 of chartCategoricalColors (see .streamlit/config.toml), `theme:text` the colour of text; a share behind a
slash makes it see-through: `theme:0/0.2`. A chart so follows a switch between light and dark without asking the server.
"""

from __future__ import annotations

import streamlit as st

TRAINING, VALIDATION, GAP = "theme:0", "theme:1", "theme:6"
TEXT, BACKGROUND, GRID = "theme:text", "theme:background", "theme:border"

SEQUENTIAL = "s"
"""Stands before the place of an entry of chartSequentialColors: `theme:s3`."""

_PALEST, _DEEPEST = 2, 9
"""Entries that can be seen on the background, first and last."""

DISTINCT = 12
"""How many colours the theme has; more runs in one chart could not be told apart."""

_NAMED = 7
"""Up to so many values of a setting have distinct colours; more are an order rather than names."""

SYMBOLS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "cross": "✚",
    "x": "✖",
    "circle-open": "○",
    "square-open": "□",
    "diamond-open": "◇",
    "triangle-up-open": "△",
    "triangle-down-open": "▽",
}
"""The symbols on curves of runs, as Plotly names them, with the characters that stand for them in text: who sees no colours, or prints
without, tells runs apart by them."""


def of_run(number: int) -> str:
    """The colour of the run at this place among those compared."""
    return f"theme:{number % DISTINCT}"


def symbol(number: int) -> str:
    """The symbol of the run at this place among those compared; runs with the same colour have different ones."""
    return list(SYMBOLS)[(number + number // DISTINCT) % DISTINCT]


def faded(colour: str, opacity: float) -> str:
    """The same colour, see-through: 0 cannot be seen, 1 is solid."""
    return f"{colour}/{opacity:g}"


def css(colour: str) -> str:
    """A colour as CSS has it, in light and in dark: for what stands outside of charts, such as the swatch of a run."""
    name = colour.removeprefix("theme:")
    kind, place = ("Sequential", name[1:]) if name.startswith(SEQUENTIAL) else ("Categorical", name)
    light, dark = (st.get_option(f"theme.{scheme}.chart{kind}Colors")[int(place)] for scheme in ("light", "dark"))
    return f"light-dark({light}, {dark})"


def scale(values: int) -> list[str]:
    """A colour for each of several values in order: distinct ones, or where there are too many, from pale to deep."""
    if values <= _NAMED:
        return [of_run(place) for place in range(values)]
    steps = _DEEPEST - _PALEST
    return [f"theme:{SEQUENTIAL}{_PALEST + round(steps * place / (values - 1))}" for place in range(values)]
