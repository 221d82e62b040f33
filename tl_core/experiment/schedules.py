"""Learning-rate schedules, as functions of the step: nothing has to be saved to resume a run.

constant     does not change.
step         times `factor` every `every` epochs.
exponential  times `factor` per epoch, in every step.
cosine       down a half cosine to `floor` (Loshchilov & Hutter 2017, "SGDR", without restarts).
one-cycle    from 1/25 linearly up to the full rate for 30 % of the span, whatever the floor, then down a half cosine to `floor`
             (Smith & Topin 2018, "Super-Convergence").
             They also cycle momentum; here it is constant.
plateau      times `factor` each time validation loss has not fallen by 0.0001 for `patience` epochs, as in Keras's ReduceLROnPlateau;
             warm-up epochs are ignored.

Warm-up rises linearly from zero to the initial rate of the schedule (Goyal et al. 2017); the schedule has the rest of the span.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tl_core.experiment.spec import ScheduleSpec
from tl_core.records import EpochRecord

RISING = 0.3
"""The share of the span in which one-cycle rises."""

START = 1 / 25
"""The initial rate of one-cycle, as a share."""

LEAST_FALL = 1e-4
"""By how much validation loss has to fall to reset the patience of plateau."""


def rate(
    spec: ScheduleSpec,
    base: float,
    epoch: int,
    step: int,
    steps: int,
    schedule_span: tuple[int, int],
    lowered: int = 0,
) -> float:
    """The learning rate of one training step.

    Args:
        base: The base rate.
        step, steps: The step within the epoch, from 0, and the number of steps per epoch.
        schedule_span: The first and the last epoch of the schedule.
        lowered: For plateau only: how often it has lowered the rate, as `Plateau` counts.
    """
    whole = float(schedule_span[1] - schedule_span[0] + 1)
    warmup = min(spec.warmup_epochs, whole)
    passed = epoch - schedule_span[0] + step / steps
    if passed < warmup:
        # The end of the step, not its beginning: a first step at a rate of zero would have no effect.
        rising = min((passed + 1 / steps) / warmup, 1.0)
        return base * rising * _SHARES[spec.name](_Place(spec, 0.0, whole - warmup, 0))
    return base * _SHARES[spec.name](_Place(spec, passed - warmup, whole - warmup, lowered))


def is_constant(spec: ScheduleSpec) -> bool:
    """True if every step has the same rate."""
    return spec.name == "constant" and not spec.warmup_epochs


@dataclass(frozen=True)
class _Place:
    """The position within the span, in epochs after the warm-up; `lowered`: how often plateau lowered the rate."""

    spec: ScheduleSpec
    passed: float
    whole: float
    lowered: int

    @property
    def share(self) -> float:
        return self.passed / self.whole if self.whole else 0.0


def _step(place: _Place) -> float:
    return _above_floor(place, math.floor(place.passed / place.spec.every))


def _exponential(place: _Place) -> float:
    return _above_floor(place, place.passed)


def _plateau(place: _Place) -> float:
    return _above_floor(place, place.lowered)


def _above_floor(place: _Place, times: float) -> float:
    return max(place.spec.factor**times, place.spec.floor)


def _cosine(place: _Place) -> float:
    return _half_wave(place.share, place.spec.floor)


def _one_cycle(place: _Place) -> float:
    if place.share < RISING:
        return START + (1 - START) * place.share / RISING
    return _half_wave((place.share - RISING) / (1 - RISING), place.spec.floor)


def _half_wave(share: float, floor: float) -> float:
    return floor + (1 - floor) * (1 + math.cos(math.pi * share)) / 2


_SHARES: dict[str, Callable[[_Place], float]] = {
    "constant": lambda place: 1.0,
    "step": _step,
    "exponential": _exponential,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "plateau": _plateau,
}


class Plateau:
    """Counts how often plateau lowers the rate; an epoch is looked at once, however long the run."""

    def __init__(
        self, spec: ScheduleSpec, schedule_span: tuple[int, int], inherited: Sequence[EpochRecord] = ()
    ) -> None:
        """`inherited` are the epochs before a fork; they count as far as they are in the span."""
        whole = schedule_span[1] - schedule_span[0] + 1
        self._patience, self._first = spec.patience, schedule_span[0] + min(spec.warmup_epochs, whole)
        self._seen, self._lowest, self._waited, self._times = 0, math.inf, 0, 0
        self._look_at(inherited)

    def lowered(self, records: Sequence[EpochRecord]) -> int:
        """How often it lowered the rate by the end of a run's epochs so far; the list may only grow from one call to the next."""
        self._look_at(records[self._seen :])
        self._seen = len(records)
        return self._times

    def _look_at(self, records: Sequence[EpochRecord]) -> None:
        for record in records:
            if record.epoch >= self._first:
                self._look(record.metrics["val_loss"])

    def _look(self, loss: float) -> None:
        if loss < self._lowest - LEAST_FALL:
            self._lowest, self._waited = loss, 0
            return
        self._waited += 1
        if self._waited >= self._patience:
            self._times, self._waited = self._times + 1, 0
