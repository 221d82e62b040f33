"""What a regularisation map has as lines: that of one axis, and the curves of a cell, as plain data."""

from __future__ import annotations

from typing import Any

from pages.ui.charts import colours, layouts
from pages.ui.charts.head_map_text import GAP, LOSS, hover, value_of
from pages.ui.charts.traces import FEW, Figure, star_at
from tl_core.results.head_map import HeadCurves, HeadMap, MapCell


def line_figure(found: HeadMap, quantity: str, chosen: int, across: dict[str, Any]) -> Figure:
    """The mean over seeds, with a band from the lowest to the highest of them.

    Args:
        chosen: The place of the cell that is shown beside it.
        across: The x axis.
    """
    known = [place for place, cell in enumerate(found.cells) if cell.loss]
    spread = [seeds_of(found.cells[place], quantity) for place in known]
    colour = colours.VALIDATION if quantity == LOSS else colours.GAP
    texts = [hover(found, place) for place in known]
    values = [value_of(found.cells[place], quantity) for place in known]
    shared = {"type": "scatter", "x": known, "showlegend": False}
    edges = [
        {
            **shared,
            "uid": f"{quantity}-{name}",
            "y": [of(one) for one in spread],
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            **fill,
        }
        for name, of, fill in (
            ("low", min, {}),
            ("high", max, {"fill": "tonexty", "fillcolor": colours.faded(colour, 0.2)}),
        )
    ]
    symbols = [
        "star" if place == found.best else "circle" if found.cells[place].as_good else "circle-open" for place in known
    ]
    line = {
        **shared,
        "uid": quantity,
        "y": values,
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2},
        "marker": {"size": [14 if place == found.best else 9 for place in known], "symbol": symbols, "color": colour},
        "hovertext": texts,
        "hoverinfo": "text",
        "meta": {"open": list(map(str, known))},
    }
    grid = {"gridcolor": colours.faded(colours.GRID, 0.8), "zeroline": False, "linecolor": colours.GRID}
    up = {
        "title": {"text": _TITLES[quantity], "standoff": 6},
        "automargin": True,
        **({"tickformat": "+.1~%"} if quantity == GAP else {}),
    }
    at = {"type": "line", "x0": chosen, "x1": chosen, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    layout = {
        "uirevision": "map",
        "hovermode": "closest",
        "xaxis": {**grid, **across},
        "yaxis": {**grid, **up, "uirevision": quantity},
        "shapes": [{**at, "line": {"dash": "dot", "width": 1.5, "color": colours.TEXT}}],
    }
    return {"data": [*edges, line], "layout": layout}


_TITLES = {LOSS: "Validation loss", GAP: "Gap"}


def seeds_of(cell: MapCell, quantity: str) -> list[float]:
    """The value of each head of a cell in its best epoch."""
    heads = [(head, head.best - 1) for head in cell.heads if head.best]
    if quantity == LOSS:
        return [head.val_loss[at] for head, at in heads]
    return [head.train_eval_accuracy[at] - head.val_accuracy[at] for head, at in heads]


def curves_figure(cell: MapCell) -> Figure:
    """Clean training and validation loss of each head of a cell, with a star on its best epoch."""
    data = [trace for number, head in enumerate(cell.heads) for trace in _curves(head, number)]
    epochs = max((len(head.val_loss) for head in cell.heads), default=0)
    return {"data": data, "layout": layouts.layout("loss", "epoch", False, epochs)}


def _curves(head: HeadCurves, number: int) -> list[dict[str, Any]]:
    """Of one head; that of the first seed, which a run has, is drawn strongest."""
    epochs = list(range(1, len(head.val_loss) + 1))
    pairs = ("Training", head.train_eval_loss, colours.TRAINING), ("Validation", head.val_loss, colours.VALIDATION)
    look = {
        "mode": "lines+markers" if len(epochs) <= FEW else "lines",
        "marker": {"size": 4},
        "opacity": 0.5 if number else 1,
        "showlegend": not number,
        "hovertemplate": "%{y:.4f}",
    }
    lines = [
        {
            **look,
            "type": "scatter",
            "uid": f"{name}-{number}",
            "name": name,
            "legendgroup": name,
            "x": epochs,
            "y": list(values),
            "line": {"color": colour, "width": 1 if number else 2},
        }
        for name, values, colour in pairs
    ]
    if head.best is None:
        return lines
    star = star_at(head.best, head.val_loss[head.best - 1], colours.VALIDATION, 12)
    return [*lines, {**star, "uid": f"best-{number}", "legendgroup": "Validation", "showlegend": False}]
