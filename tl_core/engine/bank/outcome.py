"""What becomes of the heads of a bank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import Plateau
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.stopping import EarlyStopping
from tl_core.metrics import METRICS, Measured
from tl_core.records import EpochRecord, rank


@dataclass
class Outcome:
    """The result of one head: the records of its epochs, and why it ended.

    Attributes:
        metric: Decides which epoch is best.
        losses: Of each validation image in its best epoch: float32, shape (images,); None before the first epoch.
        wrong: Whether it is misclassified then: bool, in the same shape.
    """

    metric: str
    rule: EarlyStopping = field(repr=False)
    plateau: Plateau = field(repr=False)
    best: EpochRecord | None = None
    losses: np.ndarray | None = field(default=None, repr=False)
    wrong: np.ndarray | None = field(default=None, repr=False)
    records: list[EpochRecord] = field(default_factory=list)
    stopped_early: dict[str, Any] | None = None
    diverged: str | None = None

    @property
    def ended(self) -> bool:
        return self.stopped_early is not None or self.diverged is not None

    @classmethod
    def of(cls, spec: ExperimentSpec) -> Outcome:
        """The outcome of a head before its first epoch."""
        span = resolve(spec).phases[0].schedule_span
        return cls(spec.train.best, EarlyStopping(spec.stopping, 1), Plateau(spec.schedule, span))

    def add(self, record: EpochRecord, measured: Measured) -> None:
        """Adds an epoch, after which the head may have ended.

        Args:
            measured: The outputs on the validation images after it.
        """
        for row in METRICS:
            if not math.isfinite(value := record.metrics.get(row.name, 0.0)):
                self.diverged = f"In epoch {record.epoch} the {row.phrase} was {value}."
                return
        self.records.append(record)
        if self.best is None or rank(record, self.metric) < rank(self.best, self.metric):
            self.best = record
            self.losses = measured.losses.astype(np.float32)
            self.wrong = measured.predictions != measured.labels
        if why := self.rule.update(record):
            self.stopped_early = {"epoch": record.epoch, "reason": why}


@dataclass(frozen=True)
class Bank:
    """The outcomes of all heads, in the order of the specs; not `complete` if it was stopped."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    complete: bool


OnOutcomes = Callable[[Sequence[Outcome]], None]
"""Called with the outcomes of all heads so far, which go on changing, after every epoch of a stack."""


def ignore(outcomes: Sequence[Outcome]) -> None:
    """An `OnOutcomes` that does nothing."""
