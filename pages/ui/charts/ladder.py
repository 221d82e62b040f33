"""The gap ladder as a chart: a bar for each part of the gap between reported training and validation accuracy, with its interval."""

from __future__ import annotations

import textwrap
from typing import Any

from pages.ui.charts import colours
from tl_core.diagnosis import GapLadder, Rung, wording
from tl_core.text import percent

BAR, MARGIN = 62, 70
"""CSS pixels of the height of a bar with its name, and of the axis."""

LINE = 26
"""Characters of a line of a name."""

_COLOURS = {
    "regularisation": colours.faded(colours.TRAINING, 0.6),
    "memorised": colours.GAP,
    "leaked": colours.VALIDATION,
}


def ladder_height(ladder: GapLadder) -> int:
    """In CSS pixels."""
    return BAR * len(ladder.rungs) + MARGIN


def ladder_figure(ladder: GapLadder) -> dict[str, Any]:
    """Horizontal bars in points of accuracy, from the first part at the top to the last."""
    rungs = ladder.rungs
    grid = {"gridcolor": colours.faded(colours.GRID, 0.8), "linecolor": colours.GRID}
    bars = {
        "type": "bar",
        "orientation": "h",
        "uid": "ladder",
        "name": "Gap",
        "x": [_points(rung.share.value) for rung in rungs],
        "y": [_name(rung) for rung in rungs],
        "marker": {"color": [_COLOURS.get(rung.name, colours.GAP) for rung in rungs]},
        "width": 0.45,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_points(rung.share.high - rung.share.value) for rung in rungs],
            "arrayminus": [_points(rung.share.value - rung.share.low) for rung in rungs],
            "color": colours.TEXT,
            "thickness": 1.5,
            "width": 5,
        },
        "customdata": [wording.points(rung.share) for rung in rungs],
        "hovertemplate": "%{customdata}<extra></extra>",
        "showlegend": False,
    }
    layout = {
        "hovermode": "closest",
        "uirevision": "always",
        "xaxis": {
            **grid,
            "title": {"text": "Points of accuracy", "standoff": 6},
            "zeroline": True,
            "zerolinecolor": colours.TEXT,
            "fixedrange": True,
        },
        "yaxis": {**grid, "autorange": "reversed", "automargin": True, "fixedrange": True, "ticks": ""},
    }
    return {"data": [bars], "layout": layout}


def ladder_alt(ladder: GapLadder) -> str:
    """The chart in a sentence."""
    parts = "; ".join(f"{rung.title}: {wording.points(rung.share)}" for rung in ladder.rungs)
    return f"The gap of epoch {ladder.epoch}, taken apart. {parts}."


def ladder_text(ladder: GapLadder) -> str:
    """The accuracies between which the parts lie."""
    reported = f"reported {percent(ladder.reported.value)}, " if ladder.reported else ""
    return (
        f"Epoch {ladder.epoch:,}: {reported}clean {percent(ladder.clean.value)}, validation {percent(ladder.validation.value)}. "
        "The thin lines are 95 % intervals."
    )


def _name(rung: Rung) -> str:
    return "<br>".join([*textwrap.wrap(rung.title, LINE), f"<b>{wording.points(rung.share)}</b>"])


def _points(share: float) -> float:
    return round(100 * share, 2)
