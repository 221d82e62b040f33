"""A figure: what was measured, and what it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.photos import Photos


@dataclass(frozen=True)
class Figure:
    """One figure; `measured` and `target` in the same unit.

    Attributes:
        target: None where nothing is aimed at.
        at_least: Whether larger is better.
        note: What the figure is made of, and what stands beside it.
    """

    name: str
    measured: float
    target: float | None
    unit: str
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """ "met" or "not met"; empty without a target. NaN does not meet any."""
        if self.target is None:
            return ""
        met = self.measured >= self.target if self.at_least else self.measured <= self.target
        return "met" if met else "not met"

    @property
    def aim(self) -> str:
        return "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g}"


@dataclass(frozen=True)
class Conditions:
    """What all measurements share.

    Attributes:
        models: A models folder of their own; what one caches there the next finds.
    """

    photos: Photos
    models: Path


Measure = Callable[[Conditions], Iterator[Figure]]
"""Gives the figures of one family, each as soon as it is known; raises Unmeasured where something it needs is not here."""


class Unmeasured(Exception):
    """A family of figures that cannot be measured here; says why in a sentence."""


def line(figure: Figure) -> str:
    """A figure as a row of a table on the terminal; its note follows on a line of its own."""
    row = f"{figure.name:<76} {_short(figure.measured):>9} {figure.unit:<9} {figure.aim:<9} {figure.verdict}".rstrip()
    return f"{row}\n    {figure.note}" if figure.note else row


def record(figure: Figure) -> dict[str, Any]:
    """A figure as JSON."""
    return {**asdict(figure), "verdict": figure.verdict}


def _short(value: float) -> str:
    return f"{value:.2e}" if 0 < abs(value) < 0.001 else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
