"""Learning-rate schedules, as functions of the step: nothing has to be saved to resume a run.

constant     does not change.
step         times `factor` every `every` epochs.
exponential  times `factor` per epoch, in every step.
cosine       down a half cosine to `floor` (Loshchilov & Hutter 2017, "SGDR", without restarts).
one-cycle    from 1/25 linearly up to the full rate for 30 % of the span, then down a half cosine (Smith & Topin 2018, "Super-Convergence").
             They also cycle momentum; here it is constant.
plateau      times `factor` each time validation loss has not fallen by 0.0001 for `patience` epochs, as in Keras's ReduceLROnPlateau;
             warm-up epochs are ignored.

Warm-up rises linearly from zero to the initial rate of the schedule (Goyal et al. 2017); the schedule has the rest of the span.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.experiment.spec import ScheduleSpec

Line = Mapping[str, Any]

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
    lines: Iterable[Line] = (),
) -> float:
    """The learning rate of one training step.

    Args:
        base: The base rate.
        step, steps: The step within the epoch, from 0, and the number of steps per epoch.
        schedule_span: The first and the last epoch of the schedule.
        lines: Lines of the run so far, for plateau only: `val_loss` by `epoch`; epochs outside the span or later are ignored.
    """
    whole = float(schedule_span[1] - schedule_span[0] + 1)
    warmup = min(spec.warmup_epochs, whole)
    passed = epoch - schedule_span[0] + step / steps
    if passed < warmup:
        # The end of the step, not its beginning: a first step at a rate of zero would have no effect.
        rising = min((passed + 1 / steps) / warmup, 1.0)
        return base * rising * _SHARES[spec.name](_Place(spec, 0.0, whole - warmup, 0))
    lowered = _lowered(spec, epoch, schedule_span[0] + warmup, lines) if spec.name == "plateau" else 0
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


def _lowered(spec: ScheduleSpec, epoch: int, first: float, lines: Iterable[Line]) -> int:
    """How often plateau lowered the rate before an epoch."""
    lowest, waited, times = math.inf, 0, 0
    for line in lines:
        if not first <= line["epoch"] < epoch:
            continue
        if line["val_loss"] < lowest - LEAST_FALL:
            lowest, waited = line["val_loss"], 0
            continue
        waited += 1
        if waited >= spec.patience:
            times, waited = times + 1, 0
    return times
