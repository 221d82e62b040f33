"""Charts of a sweep: its trials as lines over parallel axes, the loss over each setting, the importance of settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from pages.ui.charts import colours, layouts
from tl_core.experiment.wording import PARAMS, title_in_sentence
from tl_core.sweeps import Axis
from tl_core.sweeps.reading import SweepReading, TrialReading
from tl_core.sweeps.spec import number_text
from tl_core.text import percent

MOST_LINES = 150
"""Trials drawn as lines, those of the lowest loss; more could not be told apart."""

LOSS = "validation loss"

_MANY = 100
"""Epochs from which on an axis has ticks at round numbers alone."""

_PALE, _DEEP = 4.5, 9.0
"""Places among the sequential colours: of the highest and of the lowest loss."""


def parallel_figure(reading: SweepReading) -> dict[str, Any]:
    """A line for each finished trial through its settings to its loss; the deeper its colour, the lower the loss. A click opens its run."""
    trials = list(reading.finished[:MOST_LINES])
    scales = [*(_Scale.of_axis(axis, trials) for axis in reading.spec.axes), _Scale.of_losses(trials)]
    # The winner last, on top of the others.
    data = [_line(trial, place, len(trials), scales) for place, trial in reversed(list(enumerate(trials)))]
    layout = layouts.layout("loss", "epoch", False, _MANY)
    hidden = {
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "showline": False,
        "fixedrange": True,
        "title": None,
    }
    # One higher than the other: in a narrow window long names would run into each other.
    names = [
        {
            "x": at,
            "y": 1.04,
            "text": escape(s.title, quote=False),
            "yanchor": "bottom",
            "yshift": 14 * (at % 2),
            **_TEXT,
        }
        for at, s in enumerate(scales)
    ]
    # On the outer side of the last axis no line runs through them.
    sides = [*({"xanchor": "right", "xshift": -5} for _ in scales[1:]), {"xanchor": "left", "xshift": 7}]
    ticks = [
        {"x": at, "y": y, "text": escape(text, quote=False), **side, **_TEXT, "bgcolor": _BEHIND}
        for at, (scale, side) in enumerate(zip(scales, sides, strict=True))
        for y, text in scale.ticks
    ]
    layout["xaxis"] |= {**hidden, "range": [-0.4, len(scales) - 0.7], "uirevision": "axes"}
    layout["yaxis"] |= {**hidden, "range": [-0.06, 1.16], "uirevision": "places"}
    lines = [_upright(at) for at in range(len(scales))]
    return {
        "data": data,
        "layout": {
            **layout,
            "shapes": lines,
            "annotations": [*names, *ticks],
            "hovermode": "closest",
            "showlegend": False,
        },
    }


_BEHIND = colours.faded(colours.BACKGROUND, 0.8)
"""Behind texts that lines run through."""

_TEXT: dict[str, Any] = {"showarrow": False, "font": {"size": 12, "color": colours.TEXT}}


class _Scale:
    """One of the parallel axes: where a trial lies on it, 0 to 1, and what is written beside it."""

    def __init__(self, title: str, places: dict[int, float], ticks: Sequence[tuple[float, str]]) -> None:
        self.title, self.places, self.ticks = title, places, ticks

    @classmethod
    def of_axis(cls, axis: Axis, trials: Sequence[TrialReading]) -> _Scale:
        title = setting_title(axis.path)
        if axis.values:
            texts = list(map(written, axis.values))
            where = {text: place / max(len(texts) - 1, 1) for place, text in enumerate(texts)}
            places = {trial.number: where[written(trial.settings[axis.path])] for trial in trials}
            return cls(title, places, [(place, text) for text, place in where.items()])
        low, high = axis.low or 0.0, axis.high or 1.0

        def place(value: float) -> float:
            at, first, last = (math.log(v) if axis.log else v for v in (value, low, high))
            return (at - first) / (last - first)

        found = {trial.number: place(axis.number(trial.settings[axis.path])) for trial in trials}
        return cls(title, found, [(0.0, written(low)), (1.0, written(high))])

    @classmethod
    def of_losses(cls, trials: Sequence[TrialReading]) -> _Scale:
        """By rank between the lowest and the highest: a few runs that diverged would press all others together."""
        losses = sorted({trial.loss or 0.0 for trial in trials})
        last = max(len(losses) - 1, 1)
        places = {trial.number: losses.index(trial.loss or 0.0) / last for trial in trials}
        shown = sorted({0, len(losses) // 2, len(losses) - 1}) if losses else []
        return cls("Loss, ranked", places, [(place / last, f"{losses[place]:.3f}") for place in shown])


def _line(trial: TrialReading, rank: int, trials: int, scales: Sequence[_Scale]) -> dict[str, Any]:
    best = not rank
    deep = _DEEP - (_DEEP - _PALE) * rank / max(trials - 1, 1)
    colour = colours.VALIDATION if best else f"theme:{colours.SEQUENTIAL}{round(deep, 2):g}"
    return {
        "type": "scatter",
        "uid": f"trial {trial.number}",
        "name": f"Trial {trial.number + 1}",
        "x": list(range(len(scales))),
        "y": [round(scale.places[trial.number], 4) for scale in scales],
        "mode": "lines+markers",
        "line": {"color": colour, "width": 4 if best else 1.5, "shape": "linear"},
        "marker": {"size": 8 if best else 5, "color": colour},
        "hovertemplate": f"{escape(_said(trial))}<extra></extra>",
        "meta": {"open": trial.run},
    }


def slice_figure(reading: SweepReading, axis: Axis) -> dict[str, Any]:
    """The loss of every trial over one setting; pruned ones are hollow, the winner stands out. A click opens its run."""
    losses = [trial.loss for trial in reading.finished if trial.loss is not None]
    shown = [t for t in reading.trials if t.run and t.loss is not None and t.status in ("finished", "pruned")]
    data = []
    for name, pruned in (("Finished", False), ("Pruned", True)):
        for trial in (t for t in shown if (t.status == "pruned") == pruned):
            data.append(_dot(trial, axis, name, reading.winner == trial))
    layout = layouts.layout("loss", "epoch", False, _MANY)
    layout["xaxis"] |= {"title": {"text": setting_title(axis.path), "standoff": 6}, "uirevision": axis.path}
    layout["xaxis"] |= {"type": "category"} if axis.values else {"type": "log" if axis.log else "linear"}
    if axis.values:
        layout["xaxis"] |= {"categoryorder": "array", "categoryarray": list(map(written, axis.values))}
    else:
        layout["xaxis"] |= {"range": _axis_range(axis), **({"dtick": 1, "exponentformat": "power"} if axis.log else {})}
    if losses:
        layout["yaxis"] |= {"range": _loss_range(losses)}
    return {"data": data, "layout": {**layout, "hovermode": "closest", "showlegend": False}}


def _dot(trial: TrialReading, axis: Axis, name: str, best: bool) -> dict[str, Any]:
    value = trial.settings[axis.path]
    colour = colours.VALIDATION if best else colours.TRAINING
    symbol = "star" if best else "circle-open" if name == "Pruned" else "circle"
    return {
        "type": "scatter",
        "uid": f"trial {trial.number}",
        "name": name,
        "x": [written(value) if axis.values else axis.number(value)],
        "y": [trial.loss],
        "mode": "markers",
        "marker": {"size": 15 if best else 8, "symbol": symbol, "color": colour, "opacity": 1 if best else 0.75},
        "hovertemplate": f"{escape(_said(trial))}<extra></extra>",
        "meta": {"open": trial.run},
    }


def _axis_range(axis: Axis) -> list[float]:
    """A whole range with some room at both ends; of a logarithmic axis by powers of ten, as Plotly has it."""
    low, high = ((math.log10(v) if axis.log else v) for v in (axis.low or 0.0, axis.high or 1.0))
    room = 0.04 * (high - low)
    return [low - room, high + room]


def _loss_range(losses: Sequence[float]) -> list[float]:
    """From the lowest to beyond the middle of the losses: a few runs that diverged would press all others together."""
    ordered = sorted(losses)
    low, high = ordered[0], ordered[min(int(0.9 * len(ordered)), len(ordered) - 1)]
    room = 0.08 * (high - low) or 0.05 * high
    return [low - room, high + room]


def importance_figure(shares: dict[str, float]) -> dict[str, Any]:
    """A bar for each setting, the most important on top."""
    paths = list(reversed(shares))
    layout = layouts.layout("loss", "epoch", False, _MANY)
    layout["xaxis"] |= {"title": None, "range": [0, 1], "tickformat": ".0%", "fixedrange": True}
    layout["yaxis"] |= {"title": None, "type": "category", "fixedrange": True, "tickformat": ""}
    bar = {
        "type": "bar",
        "uid": "importance",
        "orientation": "h",
        "x": [shares[path] for path in paths],
        "y": [setting_title(path) for path in paths],
        "text": [percent(shares[path], 0) for path in paths],
        "textposition": "auto",
        "marker": {"color": colours.TRAINING},
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>",
    }
    return {"data": [bar], "layout": {**layout, "hovermode": "closest", "showlegend": False}}


def setting_title(path: str) -> str:
    """What an axis is called."""
    text = title_in_sentence(PARAMS[path])
    return text[0].upper() + text[1:]


def written(value: Any) -> str:
    """A value of an axis, shortly."""
    if isinstance(value, list):
        return "+".join(map(written, value)) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return number_text(value) if isinstance(value, float) else "not set" if value is None else str(value)


def _said(trial: TrialReading) -> str:
    settings = ", ".join(
        f"{title_in_sentence(PARAMS[path])} {written(value)}" for path, value in trial.settings.items()
    )
    return f"Trial {trial.number + 1}: {settings}: {LOSS} {trial.loss or 0:.4f}"


def _upright(at: float) -> dict[str, Any]:
    line = {"width": 1, "color": colours.faded(colours.TEXT, 0.5)}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "layer": "below", "line": line}
