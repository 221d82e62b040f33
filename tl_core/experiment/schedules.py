"""The course of the learning rate, as a function of where training is: nothing about it has to be saved to resume a run.

constant     stays.
step         times `factor` every `every` epochs.
exponential  times `factor` each epoch, a little in every step.
cosine       down half a wave to `floor` (Loshchilov & Hutter 2017, "SGDR", without restarts).
one-cycle    from 1/25 evenly up to the whole rate for 30 % of the course, then down half a wave to `floor` (Smith & Topin 2018, "Super-Convergence").
             They cycle momentum against the rate as well; here it stays.
plateau      times `factor` each time validation loss has not fallen by 0.0001 for `patience` epochs, as Keras's ReduceLROnPlateau does; what
             was measured in epochs that warm up is not looked at.

Warm-up rises evenly from nothing to the rate the schedule begins with (Goyal et al. 2017); the schedule has the rest of the course.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.experiment.spec import ScheduleSpec

Line = Mapping[str, Any]

RISING = 0.3
"""The part of its course in which one-cycle goes up."""

START = 1 / 25
"""The share of the rate that one-cycle begins with."""

LEAST_FALL = 1e-4
"""By how much validation loss has to fall for plateau to wait on."""


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
        base: The highest rate, the one that is set.
        step, steps: Which step of the epoch, from 0, and how many an epoch has.
        schedule_span: The first and the last epoch the schedule runs over.
        lines: Lines of the run so far, for plateau alone: `val_loss` by `epoch`; those of other courses or later epochs are passed over.
    """
    whole = float(schedule_span[1] - schedule_span[0] + 1)
    warmup = min(spec.warmup_epochs, whole)
    passed = epoch - schedule_span[0] + step / steps
    if passed < warmup:
        # The end of the step, not its beginning: a first step at a rate of nothing would be no step.
        rising = min((passed + 1 / steps) / warmup, 1.0)
        return base * rising * _SHARES[spec.name](_Place(spec, 0.0, whole - warmup, 0))
    lowered = _lowered(spec, epoch, schedule_span[0] + warmup, lines) if spec.name == "plateau" else 0
    return base * _SHARES[spec.name](_Place(spec, passed - warmup, whole - warmup, lowered))


def is_constant(spec: ScheduleSpec) -> bool:
    """True where every step has the same rate."""
    return spec.name == "constant" and not spec.warmup_epochs


@dataclass(frozen=True)
class _Place:
    """Where in its course a schedule is, in epochs after the warm-up; `lowered` is how often plateau lowered the rate."""

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
    """How often the rate was lowered before an epoch begins."""
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
