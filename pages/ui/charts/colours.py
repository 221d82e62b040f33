"""The colours of charts, as names that the browser turns into the colours of the theme it shows.

`theme:3` is entry 3 of chartCategoricalColors (see .streamlit/config.toml), `theme:text` the colour of text; a share behind a
slash makes it see-through: `theme:0/0.2`. A chart so follows a switch between light and dark without asking the server.
"""

from __future__ import annotations

TRAINING, VALIDATION, GAP = "theme:0", "theme:1", "theme:6"
TEXT, BACKGROUND, GRID = "theme:text", "theme:background", "theme:border"

DISTINCT = 7
"""How many colours the theme has; more runs in one chart could not be told apart."""


def of_run(number: int) -> str:
    """The colour of the run at this place among those compared."""
    return f"theme:{number % DISTINCT}"


def faded(colour: str, opacity: float) -> str:
    """The same colour, see-through: 0 cannot be seen, 1 is solid."""
    return f"{colour}/{opacity:g}"
