"""A score: how often, or how well, what the lab says agrees with the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Score:
    """One score.

    Attributes:
        measured: NaN if there was nothing to score.
        cases: The number of cases it is made of.
        low, high: The target's ends, both included; None where there is none.
        note: What stands beside it.
    """

    name: str
    measured: float
    cases: int
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """ "met" or "not met"; empty without a target. NaN does not meet any."""
        if self.low is None and self.high is None:
            return ""
        met = (self.low is None or self.measured >= self.low) and (self.high is None or self.measured <= self.high)
        return "met" if met and self.measured == self.measured else "not met"

    @property
    def aim(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"≥ {self.low:g}" if self.low is not None else f"≤ {self.high:g}" if self.high is not None else ""


Measure = Callable[[bool], Iterator[Score]]
"""Gives the scores of a part, each as soon as it is known; with True a small share of the cases, in seconds."""


def line(score: Score) -> str:
    """A score as a row of a table on the terminal; its note follows on a line of its own."""
    row = f"{score.name:<84} {score.measured:>8.3f} {score.cases:>6,} {score.aim:<13} {score.verdict}".rstrip()
    return f"{row}\n    {score.note}" if score.note else row


def record(score: Score) -> dict[str, Any]:
    """A score as JSON."""
    return {**asdict(score), "verdict": score.verdict}
