"""Heat maps of a regularisation map, lines if it has one axis, and the curves of a cell, as plain data. A click on a cell names its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pages.ui.charts import colours
from pages.ui.charts.head_map_lines import line_figure
from pages.ui.charts.head_map_text import GAP, hover, setting_text, value_of
from pages.ui.charts.traces import Figure
from tl_core.results.head_map import HeadMap, MapAxis

TWICE = 2.0
"""The colours of losses end at this multiple of the lowest: where training diverges, losses are many times as high. With a worse map beside a
better one, at this multiple of the lowest of the worse, so that its valley shows, and at the square of it at most."""

LEAST = 1.1
"""And at this multiple at least, so that differences that do not matter look alike."""

LEAST_GAP = 0.05

SHOWN = 100
"""Up to so many cells each shows its number."""


@dataclass(frozen=True)
class Scale:
    """The ends of the colours, shared by maps that are compared."""

    low: float
    high: float


def scale_of(maps: Sequence[HeadMap], quantity: str) -> Scale:
    """The scale of several maps together; that of losses ends where each shows its valley, as far as they are not too different."""
    values = [value for one in maps for value in _values(one, quantity)]
    if not values:
        return Scale(0.0, 1.0)
    low, high = min(values), max(values)
    if quantity == GAP:
        return Scale(min(low, 0.0), max(high, LEAST_GAP))
    lowest = [min(losses) for one in maps if (losses := _values(one, quantity))]
    end = TWICE * min(max(lowest), TWICE * low)
    return Scale(low, max(min(high, end), LEAST * low))


def _values(one: HeadMap, quantity: str) -> list[float]:
    return [value for cell in one.cells if (value := value_of(cell, quantity)) is not None]


def map_figure(found: HeadMap, quantity: str, scale: Scale, chosen: int) -> Figure:
    """A heat map of two axes; lines over one axis.

    Args:
        chosen: The place of the cell that is shown beside it.
    """
    if len(found.axes) == 1:
        return line_figure(found, quantity, chosen, _axis(found.axes[0]))
    up, across = found.axes
    columns = len(across.values)
    rows = [range(start, start + columns) for start in range(0, len(found.cells), columns)]

    def matrix(of: Any) -> list[list[Any]]:
        return [[of(place) for place in row] for row in rows]

    heat: dict[str, Any] = {
        "type": "heatmap",
        "uid": quantity,
        "x": list(range(columns)),
        "y": list(range(len(rows))),
        "z": matrix(lambda place: value_of(found.cells[place], quantity)),
        "zmin": scale.low,
        "zmax": scale.high,
        "hovertext": matrix(lambda place: hover(found, place)),
        "hoverinfo": "text",
        "hoverongaps": False,
        "colorscale": _COLOURS,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "meta": {"open": matrix(str)},
    }
    layout = {
        "uirevision": "map",
        "hovermode": "closest",
        "xaxis": _axis(across),
        "yaxis": _axis(up),
        "shapes": [*_outline(found, columns), _frame(chosen, columns)],
    }
    return {"data": [heat, *_numbers(found, quantity, scale, columns), *_best(found, columns)], "layout": layout}


_FIRST, _LAST, _TURN = 1, 8, 4.8
"""Places of the sequence of colours that cells have, and the one from which on numbers in the colour of the background can be read better."""

_COLOURS = [
    [step / (_LAST - _FIRST), f"theme:{colours.SEQUENTIAL}{_FIRST + step}"] for step in range(_LAST - _FIRST + 1)
]
"""The further from the background, the worse."""


def _numbers(found: HeadMap, quantity: str, scale: Scale, columns: int) -> list[dict[str, Any]]:
    """The value of each cell, legible on its colour in light and in dark."""
    known = [
        (place, value) for place, cell in enumerate(found.cells) if (value := value_of(cell, quantity)) is not None
    ]
    if not known or len(found.cells) > SHOWN:
        return []
    span = max(scale.high - scale.low, 1e-12)
    places = [_FIRST + (_LAST - _FIRST) * min((value - scale.low) / span, 1) for _, value in known]
    return [
        {
            "type": "scatter",
            "uid": "numbers",
            "x": [place % columns for place, _ in known],
            "y": [place // columns for place, _ in known],
            "mode": "text",
            "text": [_short(value, quantity) for _, value in known],
            "textfont": {
                "size": 11,
                "color": [colours.TEXT if place < _TURN else colours.BACKGROUND for place in places],
            },
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def _short(value: float, quantity: str) -> str:
    return (
        f"{100 * value:.0f}" if quantity == GAP else f"{value:.3f}".removeprefix("0") if value < 10 else f"{value:.0f}"
    )


def _axis(axis: MapAxis) -> dict[str, Any]:
    places = list(range(len(axis.values)))
    return {
        "title": {"text": axis.title, "standoff": 6},
        "tickvals": places,
        "ticktext": [setting_text(axis, value) for value in axis.values],
        "range": [-0.5, len(places) - 0.5],
        "tickangle": 0,
        "automargin": True,
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
    }


def _outline(found: HeadMap, columns: int) -> list[dict[str, Any]]:
    """Lines around the cells that cannot be told from the best: dark on light, so that they stand out from any colour."""
    inside = {divmod(place, columns) for place, cell in enumerate(found.cells) if cell.as_good}
    edges = [
        f"M{column + x0},{row + y0}L{column + x1},{row + y1}"
        for row, column in sorted(inside)
        for (down, right), (x0, y0, x1, y1) in _SIDES.items()
        if (row + down, column + right) not in inside
    ]
    if not edges:
        return []
    path = {"type": "path", "path": "".join(edges)}
    return [
        {**path, "line": {"width": width, "color": colour}}
        for width, colour in ((5, colours.BACKGROUND), (2.5, colours.TEXT))
    ]


_SIDES = {
    (-1, 0): (-0.5, -0.5, 0.5, -0.5),
    (1, 0): (-0.5, 0.5, 0.5, 0.5),
    (0, -1): (-0.5, -0.5, -0.5, 0.5),
    (0, 1): (0.5, -0.5, 0.5, 0.5),
}
"""The edge of a cell towards each neighbour: (rows, columns) to it, then both ends of the edge."""


def _frame(chosen: int, columns: int) -> dict[str, Any]:
    row, column = divmod(chosen, columns)
    box = {"x0": column - 0.44, "x1": column + 0.44, "y0": row - 0.44, "y1": row + 0.44}
    return {"type": "rect", **box, "line": {"width": 2, "dash": "dot", "color": colours.TEXT}}


def _best(found: HeadMap, columns: int) -> list[dict[str, Any]]:
    if found.best is None:
        return []
    row, column = divmod(found.best, columns)
    marker = {"symbol": "star", "size": 11, "color": colours.BACKGROUND, "line": {"width": 1.2, "color": colours.TEXT}}
    place = {"x": [column + 0.3], "y": [row + 0.3]}
    return [
        {
            "type": "scatter",
            "uid": "best",
            **place,
            "mode": "markers",
            "marker": marker,
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
