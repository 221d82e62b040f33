"""Validation error over the number of training images, with the fitted law, its band, and what more images promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pages.ui.charts import colours, layouts
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import Curve, LearningCurve, Point

OWN, STRONGER = colours.VALIDATION, "theme:3"

DRAWN = 40
"""Points of a drawn law."""

TICKS = (1, 2, 5)
"""Of each decade of the x axis, which is logarithmic."""

Trace = dict[str, Any]


def learning_curve_figure(found: LearningCurve) -> dict[str, Any]:
    """Own head: band, law, draws, means, promises; stronger penalty: law and means; training error of the own head."""
    own, stronger = found.own, found.stronger
    now = own.last.images
    data = [
        *_band(own),
        *_law(stronger, "stronger law", STRONGER, now),
        *_law(own, "law", OWN, now),  # Above the other: they often lie on each other.
        _draws(own),
        _means("Stronger L2", stronger, STRONGER, "square"),
        _means("This experiment", own, OWN, "circle"),
        *_promised(own),
        _training(own.points),
    ]
    layout = layouts.layout("accuracy", "epoch", False, 1000, layouts.rate_line(now, "now") if own.law else None)
    images = [point.images for point in own.points] + [each.images for each in own.promised]
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {
        "type": "log",
        "title": {"text": "Training images", "standoff": 6},
        "uirevision": "images",
        **_ticks(min(images), max(images)),
    }
    layout["yaxis"] |= {
        "title": {"text": "Error", "standoff": 6},
        "uirevision": "error",
        "tickformat": ".0%",
        "rangemode": "tozero",
    }
    return {"data": data, "layout": layout}


def learning_curve_alt(found: LearningCurve) -> str:
    """The chart in a sentence."""
    first, last = found.own.points[0], found.own.last
    return (
        f"Validation error over training images: {wording.error(first.error)} with {first.images:,.0f} images, "
        f"{wording.error(last.error)} with {last.images:,.0f}. {' '.join(wording.promises(found))}"
    )


def _band(curve: Curve) -> list[Trace]:
    if not curve.band:
        return []
    images = [each.images for each in curve.band]
    edges = [each.error.high for each in curve.band], [each.error.low for each in curve.band]
    return [
        {
            **_base("band", "95 % interval"),
            "x": _numbers([*images, *reversed(images)]),
            "y": _numbers([*edges[0], *reversed(edges[1])]),
            "mode": "lines",
            "fill": "toself",
            "fillcolor": colours.faded(OWN, 0.14),
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
    ]


def _law(curve: Curve, uid: str, colour: str, now: float) -> list[Trace]:
    """Solid where it was fitted, dashed where it promises; dotted where it is not to be relied on."""
    if curve.law is None or not curve.band:
        return []
    first, end = curve.band[0].images, curve.band[-1].images
    parts = [(f"{uid} fitted", first, now, "solid"), (f"{uid} promised", now, end, "dash")]
    if not curve.promised:
        parts = [(uid, first, now, "dot")]
    traces = []
    for name, start, stop, dash in parts:
        images = [start * (stop / start) ** (place / (DRAWN - 1)) for place in range(DRAWN)]
        traces.append(
            {
                **_base(name, "Law"),
                "x": _numbers(images),
                "y": _numbers([curve.law.at(each) for each in images]),
                "mode": "lines",
                "line": {"color": colour, "width": 2, "dash": dash},
                "showlegend": False,
                "hovertemplate": "law: %{y:.1%} with %{x:,.0f} images<extra></extra>",
            }
        )
    return traces


def _draws(curve: Curve) -> Trace:
    pairs = [(point.images, error) for point in curve.points for error in point.errors]
    return {
        **_base("draws", "Its draws"),
        "x": _numbers([images for images, _ in pairs]),
        "y": _numbers([error for _, error in pairs]),
        "mode": "markers",
        "marker": {"color": colours.faded(OWN, 0.45), "size": 4},
        "hoverinfo": "skip",
    }


def _means(name: str, curve: Curve, colour: str, symbol: str) -> Trace:
    points = curve.points
    return {
        **_base(name, name),
        "x": _numbers([point.images for point in points]),
        "y": _numbers([point.error.value for point in points]),
        "mode": "markers",
        "marker": {
            "color": colour,
            "size": 9,
            "symbol": [symbol if point.fitted else f"{symbol}-open" for point in points],
        },
        "customdata": [[wording.error(point.error), f"{point.l2:g}"] for point in points],
        "hovertemplate": f"{name}, L2 %{{customdata[1]}}<br>%{{customdata[0]}} with %{{x:,.0f}} images<extra></extra>",
    }


def _promised(curve: Curve) -> list[Trace]:
    if not curve.promised:
        return []
    return [
        {
            **_base("promised", "Promised"),
            "x": _numbers([each.images for each in curve.promised]),
            "y": _numbers([each.error.value for each in curve.promised]),
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": _numbers([each.error.high - each.error.value for each in curve.promised]),
                "arrayminus": _numbers([each.error.value - each.error.low for each in curve.promised]),
                "color": OWN,
                "thickness": 1.5,
                "width": 5,
            },
            "mode": "markers",
            "marker": {"color": OWN, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
            "customdata": [wording.error(each.error) for each in curve.promised],
            "hovertemplate": "promised: %{customdata} with %{x:,.0f} images<extra></extra>",
        }
    ]


def _training(points: Sequence[Point]) -> Trace:
    return {
        **_base("training", "Training images"),
        "x": _numbers([point.images for point in points]),
        "y": _numbers([point.train_error for point in points]),
        "mode": "lines",
        "line": {"color": colours.TRAINING, "width": 1.5},
        "hovertemplate": "training images: %{y:.1%} with %{x:,.0f} images<extra></extra>",
    }


def _ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of every decade: Plotly's own would name each of the nine."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10**decade for decade in decades for step in TICKS if low / 2 < step * 10**decade < 2 * high]
    return {"tickvals": values, "ticktext": [f"{value:,}" for value in values]}


def _base(uid: str, name: str) -> Trace:
    return {"type": "scatter", "uid": uid, "name": name}


def _numbers(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
