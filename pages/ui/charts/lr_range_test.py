"""Loss over learning rate, as a range test measured it, with the rate it suggests."""

from __future__ import annotations

from typing import Any

from pages.ui.charts import colours, layouts
from tl_core.results.lr_range_test import Finding

HIGHEST = 1.6
"""The chart ends at this multiple of the first loss: where a test diverges, the loss says nothing more."""


def range_test_figure(found: Finding) -> dict[str, Any]:
    """Training loss, measured and smoothed, and validation loss over the rate of the head, on a logarithmic axis."""
    rates = list(found.rates)
    validation = [rate for rate, _ in found.val_losses], [loss for _, loss in found.val_losses]
    raw = _trace("Training, measured", rates, found.losses, {"color": colours.TRAINING, "width": 1})
    data = [
        {**raw, "opacity": 0.3, "hoverinfo": "skip", "showlegend": False},
        _trace("Training", rates, found.smoothed, {"color": colours.TRAINING, "width": 2}),
        _trace("Validation", *validation, {"color": colours.VALIDATION, "width": 2}),
    ]
    marks = layouts.phase_lines(())
    if found.suggestion:
        marks = layouts.rate_line(found.suggestion, f"try {found.suggestion:g}")
    layout = layouts.layout("loss", "epoch", False, len(rates), marks)
    layout["xaxis"] |= {
        "type": "log",
        "title": {"text": "Learning rate of the head", "standoff": 6},
        "hoverformat": ".2e",
        "unifiedhovertitle": {"text": "rate %{x}"},
        "uirevision": "rates",
        "exponentformat": "power",
        "dtick": 1,
    }
    layout["yaxis"] |= {"range": _range(found)}
    return {"data": data, "layout": layout}


def range_test_alt(found: Finding) -> str:
    """The chart in a sentence."""
    said = f"Loss over learning rates from {found.rates[0]:g} to {found.rates[-1]:g}"
    if found.suggestion is None:
        return f"{said}; it never falls."
    return f"{said}; it falls fastest at {found.suggestion:g}."


def _range(found: Finding) -> list[float]:
    seen = [*found.losses, *found.smoothed, *(loss for _, loss in found.val_losses)]
    top = HIGHEST * max([found.smoothed[0], *(loss for _, loss in found.val_losses[:1])])
    lowest = min(seen)
    return [lowest - 0.05 * (top - lowest), min(top, max(seen))]


def _trace(name: str, rates: Any, losses: Any, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "uid": name,
        "name": name,
        "x": [float(f"{rate:.4g}") for rate in rates],
        "y": [float(f"{loss:.5g}") for loss in losses],
        "mode": "lines",
        "line": line,
        "hovertemplate": "%{y:.3f}",
    }
