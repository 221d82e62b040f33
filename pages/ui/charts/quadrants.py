"""The textbook's four quadrants: likeness to ImageNet across, training images up; a dataset is a point with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pages.ui.charts import colours
from pages.ui.charts.traces import Figure
from tl_core.advice import MUCH, QUADRANTS, Position, Quadrant

FEWEST, MOST = 10, 100_000
"""Ends of the axis of images; a dataset beyond them moves them."""


def quadrants_figure(where: Position) -> Figure:
    """The chart. Between few and many images lies a band, since no single number separates them."""
    low, high = math.log10(min(FEWEST, where.images / 2)), math.log10(max(MOST, where.images * 2))
    across = {"range": [-1, 1], "tickvals": [-1, -0.5, 0, 0.5, 1]}
    up = {"type": "log", "range": [low, high], "dtick": 1, "tickformat": ",d"}
    return {
        "data": [_point(where)],
        "layout": {
            "showlegend": False,
            "hovermode": "closest",
            "shapes": [*_areas(where, low, high), *_lines()],
            "annotations": [_name(row, where, low, high) for row in QUADRANTS],
            "xaxis": {**_AXIS, **across, "title": {"text": "Likeness to ImageNet", "standoff": 6}},
            "yaxis": {**_AXIS, **up, "title": {"text": "Training images", "standoff": 6}},
        },
    }


_AXIS = {
    "gridcolor": colours.faded(colours.GRID, 0.5),
    "zeroline": False,
    "linecolor": colours.GRID,
    "automargin": True,
}


def _point(where: Position) -> dict[str, Any]:
    likeness = where.likeness
    error = {
        "type": "data",
        "symmetric": False,
        "array": [likeness.high - likeness.value],
        "arrayminus": [likeness.value - likeness.low],
        "thickness": 2,
        "width": 7,
        "color": colours.VALIDATION,
    }
    return {
        "uid": "dataset",
        "type": "scatter",
        "mode": "markers",
        "x": [round(likeness.value, 4)],
        "y": [where.images],
        "error_x": error,
        "marker": {"size": 14, "symbol": "diamond", "color": colours.VALIDATION},
        "hovertemplate": (
            f"this dataset<br>likeness {likeness.value:.2f} ({likeness.low:.2f} to {likeness.high:.2f})"
            f"<br>{where.images:,} training images<extra></extra>"
        ),
    }


def _areas(where: Position, low: float, high: float) -> Iterable[dict[str, Any]]:
    """Each quadrant tinted by how probable it is."""
    few, many = MUCH
    middle = math.sqrt(few * many)
    for row in QUADRANTS:
        across = (0, 1) if row.similar else (-1, 0)
        up = (middle, 10**high) if row.much else (10**low, middle)
        share = where.shares[row.name]
        yield {
            "type": "rect", "x0": across[0], "x1": across[1], "y0": up[0], "y1": up[1], "layer": "below", "line": {"width": 0},
            "fillcolor": colours.faded(colours.TRAINING, round(0.25 * share, 3)),
        }  # fmt: skip


def _lines() -> Iterable[dict[str, Any]]:
    few, many = MUCH
    band = {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": few,
        "y1": many,
        "layer": "below",
        "line": {"width": 0},
    }
    yield {**band, "fillcolor": colours.faded(colours.TEXT, 0.08)}
    line = {"width": 1, "dash": "dash", "color": colours.faded(colours.TEXT, 0.6)}
    yield {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}


def _name(row: Quadrant, where: Position, low: float, high: float) -> dict[str, Any]:
    """In the outer corner of the quadrant."""
    text = f"<b>{row.title}</b><br>{where.shares[row.name]:.0%}"
    up = high if row.much else low
    return {
        "x": 0.97 if row.similar else -0.97,
        "y": up,
        "text": text,
        "align": "right" if row.similar else "left",
        "showarrow": False,
        "xanchor": "right" if row.similar else "left",
        "yanchor": "top" if row.much else "bottom",
        "font": {"size": 12, "color": colours.TEXT},
    }
