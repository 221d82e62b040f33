"""The learning rates a run will have, computed by the function that training uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pages.ui.charts import colours, layouts
from tl_core.experiment.phases import Phase
from tl_core.experiment.schedules import rate

MOST_POINTS = 400
"""About the most points a curve is drawn with."""

HEAD, THAWED = "Head", "Thawed layers"

Point = tuple[float, float | None]
"""Epochs passed, and the rate; None if nothing is thawed."""


def schedule_figure(phases: Sequence[Phase], steps: int) -> dict[str, Any]:
    """The rate of the head and of thawed layers over the epochs of all phases, on a logarithmic axis.

    Args:
        steps: Training steps of an epoch.
    """
    begins = [(phase.first - 1.0, phase.title) for phase in phases[1:]]
    first, last = phases[0].first - 1, phases[-1].last
    layout = layouts.layout("learning rate", "epoch", True, last - first, layouts.phase_lines(begins))
    layout["xaxis"] |= {"title": {"text": "Epochs", "standoff": 6}, "hoverformat": ".1f", "range": [first, last]}
    layout["xaxis"]["unifiedhovertitle"] = {"text": "after %{x} epochs"}
    drawn = [_trace(name, number, points(phases, steps, name)) for number, name in enumerate((HEAD, THAWED))]
    layout["yaxis"] |= layouts.rate_ticks(rate for trace in drawn for rate in trace["y"])
    return {"data": [trace for trace in drawn if any(trace["y"])], "layout": layout}


def points(phases: Sequence[Phase], steps: int, name: str) -> list[Point]:
    """The rate of a group of weights, a few steps of every epoch; of long runs not every epoch."""
    epochs = [(phase, epoch) for phase in phases for epoch in range(phase.first, phase.last + 1)]
    every = -(-len(epochs) // (MOST_POINTS // 2))
    asked = max(2, MOST_POINTS // len(epochs))
    drawn = [
        (phase, epoch) for place, (phase, epoch) in enumerate(epochs) if not place % every or epoch in _ends(phase)
    ]
    return [point for phase, epoch in drawn for point in _epoch(phase, epoch, steps, asked, name)]


def _ends(phase: Phase) -> tuple[int, int]:
    return phase.first, phase.last


def schedule_alt(phases: Sequence[Phase], steps: int) -> str:
    """The curves in a sentence."""
    said = []
    for name in (HEAD, THAWED):
        rates = [value for _, value in points(phases, steps, name) if value is not None]
        if rates:
            said.append(f"{name}: begins at {rates[0]:.2g}, highest {max(rates):.2g}, ends at {rates[-1]:.2g}")
    return f"The learning rate over {phases[-1].last - phases[0].first + 1} epochs. {'. '.join(said)}."


def _epoch(phase: Phase, epoch: int, steps: int, most: int, name: str) -> Iterator[Point]:
    base = phase.head_rate if name == HEAD else phase.backbone_rate
    for step in sorted({round(place * (steps - 1) / (most - 1)) for place in range(most)}):
        value = None if base is None else rate(phase.spec.schedule, base, epoch, step, steps, phase.schedule_span)
        # At its end: a step's rate is the one it moved the weights with.
        yield epoch - 1 + (step + 1) / steps, value


def _trace(name: str, number: int, drawn: Sequence[Point]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": name,
        "name": name,
        "x": [round(place, 4) for place, _ in drawn],
        "y": [float(f"{value:.4g}") if value else None for _, value in drawn],
        "mode": "lines",
        "line": {"color": colours.of_run(2 + number), "width": 2},
        "hovertemplate": "%{y:.2e}",
    }
