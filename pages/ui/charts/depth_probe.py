"""Accuracy of simple classifiers against depth, above what cutting the network there costs, on the same x axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from pages.ui.charts import colours, layouts
from tl_core.experiment.solved import SOLVED
from tl_core.results.depth_probe import FURTHER_HEADS, Depth, Probe, Score
from tl_core.text import data_size, duration

LINEAR, NEAREST, TAIL = colours.VALIDATION, "theme:3", "theme:4"

_LOOKS = (
    ("theme:2", "diamond"),
    ("theme:7", "triangle-up"),
    ("theme:5", "cross"),
    ("theme:8", "x"),
    ("theme:10", "triangle-down"),
)

HEADS = dict(zip(FURTHER_HEADS, cycle(_LOOKS), strict=False))
"""Colour and symbol of each further head."""

SPLIT = (0.0, 0.27, 0.4, 1.0)
"""Where the costs begin and end, and where the accuracies do, from the bottom."""

Trace = dict[str, Any]


def depth_probe_figure(probe: Probe) -> dict[str, Any]:
    """Accuracies above, with 95 % intervals, filled where a depth is as good as the best; times and cached sizes below."""
    depths = probe.depths
    filled = [depth in probe.level for depth in depths]
    data = [
        _training(depths),
        *(_head(name, depths) for name in probe.heads),
        _scores("Nearest neighbours", depths, lambda depth: depth.neighbours, NEAREST, "square", [True] * len(depths)),
        _scores("Linear classifier", depths, lambda depth: depth.ridge, LINEAR, "circle", filled),
        _sizes(depths),
        _times("Training a head", depths, lambda depth: depth.cost.head_seconds, LINEAR),
        _times("Training all above", depths, lambda depth: depth.cost.tail_seconds, TAIL),
    ]
    return {"data": data, "layout": _layout(probe)}


def depth_probe_alt(probe: Probe) -> str:
    """The chart in a sentence."""
    shown = ", ".join(f"{depth.cut} {depth.ridge.accuracy:.3f}" for depth in probe.depths)
    return f"Validation accuracy of a linear classifier on the features of each block: {shown}. {probe.reading}"


def _layout(probe: Probe) -> dict[str, Any]:
    place = probe.depths.index(probe.suggested)
    marks = layouts.band(place - 0.5, place + 0.5, "")
    layout = layouts.layout("accuracy", "epoch", False, 1000, marks)
    grid = {name: layout["yaxis"][name] for name in ("gridcolor", "zeroline", "linecolor")}
    bottom, between, above, top = SPLIT
    layout["xaxis"] = {
        "type": "category",
        "linecolor": grid["linecolor"],
        "fixedrange": True,
        "anchor": "y2",
        "unifiedhovertitle": {"text": "%{x}"},
    }
    layout["yaxis"] |= {"domain": [above, top], "title": {"text": "Accuracy", "standoff": 6}, "uirevision": "depths"}
    layout["yaxis2"] = {
        **grid,
        "domain": [bottom, between],
        "type": "log",
        "title": {"text": "Seconds", "standoff": 6},
        "dtick": 1,
        "automargin": True,
    }
    layout["yaxis3"] = {
        "overlaying": "y2",
        "side": "right",
        "type": "log",
        "showgrid": False,
        "dtick": 1,
        "tickformat": "~s",
        "ticksuffix": "B",
        "automargin": True,
    }
    return layout


def _scores(
    name: str,
    depths: Sequence[Depth],
    score: Callable[[Depth], Score],
    colour: str,
    symbol: str,
    filled: Sequence[bool],
) -> Trace:
    scores = list(map(score, depths))
    return {
        **_base(name, depths),
        "y": [_number(each.accuracy) for each in scores],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_number(each.high - each.accuracy) for each in scores],
            "arrayminus": [_number(each.accuracy - each.low) for each in scores],
            "color": colours.faded(colour, 0.7),
            "thickness": 1.2,
            "width": 3,
        },
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2 if colour == LINEAR else 1},
        "marker": {
            "color": colour,
            "size": 8 if colour == LINEAR else 6,
            "symbol": [symbol if full else f"{symbol}-open" for full in filled],
        },
        "customdata": [f"{each.accuracy:.3f} ({each.low:.3f} to {each.high:.3f})" for each in scores],
        "hovertemplate": "%{customdata}",
    }


def _head(name: str, depths: Sequence[Depth]) -> Trace:
    colour, symbol = HEADS[name]
    return _scores(SOLVED[name].title, depths, lambda depth: depth.heads[name], colour, symbol, [True] * len(depths))


def _training(depths: Sequence[Depth]) -> Trace:
    return {
        **_base("Linear, training images", depths),
        "y": [_number(depth.ridge.train_accuracy) for depth in depths],
        "mode": "lines",
        "line": {"color": colours.TRAINING, "width": 1.5, "dash": "dot"},
        "hovertemplate": "%{y:.3f}",
    }


def _times(name: str, depths: Sequence[Depth], seconds: Callable[[Depth], float], colour: str) -> Trace:
    return {
        **_base(name, depths),
        "yaxis": "y2",
        "y": [_number(seconds(depth)) for depth in depths],
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
        "marker": {"color": colour, "size": 5, "symbol": "diamond"},
        "customdata": [duration(seconds(depth)) for depth in depths],
        "hovertemplate": "%{customdata}",
    }


def _sizes(depths: Sequence[Depth]) -> Trace:
    return {
        **_base("Cached feature maps", depths),
        "type": "bar",
        "yaxis": "y3",
        "y": [depth.cost.map_total for depth in depths],
        "width": 0.5,
        "marker": {"color": colours.faded(colours.TEXT, 0.15)},
        "customdata": [data_size(depth.cost.map_total) for depth in depths],
        "hovertemplate": "%{customdata}",
    }


def _base(name: str, depths: Sequence[Depth]) -> Trace:
    return {"type": "scatter", "uid": name, "name": name, "x": [depth.cut for depth in depths]}


def _number(value: float) -> float:
    return float(f"{value:.5g}")
