"""The colours of charts, as names that the browser turns into the colours of the theme it shows.

`theme:3` is entry 3 of chartCategoricalColors (see .streamlit/config.toml), `theme:text` the colour of text; a share behind a
slash makes it see-through: `theme:0/0.2`. A chart so follows a switch between light and dark without asking the server.
"""

from __future__ import annotations

import math

import streamlit as st

TRAINING, VALIDATION, GAP = "theme:0", "theme:1", "theme:6"
TEXT, BACKGROUND, GRID = "theme:text", "theme:background", "theme:border"

SEQUENTIAL = "s"
"""Stands before a place among chartSequentialColors: `theme:s3`, or between two entries `theme:s3.5`."""

_PALEST, _DEEPEST = 4.5, 9
"""Places of colours that stand out from the background by 3 : 1 and more, first and last."""

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
    light, dark = (of_theme(colour, scheme) for scheme in ("light", "dark"))
    return f"light-dark({light}, {dark})"


def of_theme(colour: str, scheme: str) -> str:
    """A numbered colour in "light" or "dark", as #RRGGBB."""
    name = colour.removeprefix("theme:")
    if not name.startswith(SEQUENTIAL):
        return str(st.get_option(f"theme.{scheme}.chartCategoricalColors")[int(name)])
    entries, place = st.get_option(f"theme.{scheme}.chartSequentialColors"), float(name.removeprefix(SEQUENTIAL))
    below, above = entries[math.floor(place)], entries[math.ceil(place)]
    return "#" + "".join(f"{_mixed(below, above, at, place % 1):02X}" for at in (1, 3, 5))


def _mixed(below: str, above: str, at: int, share: float) -> int:
    """A channel of a colour between two others, as theme.js mixes them."""
    low, high = (int(colour[at : at + 2], 16) for colour in (below, above))
    return math.floor(low + (high - low) * share + 0.5)


def scale(values: int) -> list[str]:
    """A colour for each of several values in order: distinct ones, or where there are too many, from pale to deep."""
    if values <= _NAMED:
        return [of_run(place) for place in range(values)]
    steps = (_DEEPEST - _PALEST) / (values - 1)
    return [f"theme:{SEQUENTIAL}{round(_PALEST + steps * place, 3):g}" for place in range(values)]
