"""The training of a learning-rate range test: a rate that rises step by step, until the loss is far above the lowest."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from tl_core.engine.inputs.streams import Batch, in_batches
from tl_core.engine.seeds import generator_of, reseed
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Trainer, evaluate
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.lr_range_test import FEWEST_STEPS, rounded

LOWEST, HIGHEST = 1e-7, 10.0
PASSES = 10
"""Maximum number of passes over small data, in fewer steps: the loss of memorised images says nothing about a rate."""

WIDTH = 0.03
"""Standard deviation of the smoothing, as a share of the steps: a quarter of a decade."""

NARROWEST = 3.0
"""Its minimum, in steps."""

LEAST_FALL = 0.02
"""The loss must fall by this share of its initial value to count as falling."""

KEPT = 0.8
"""Decay of the running mean that detects divergence."""

TESTING = Activity(Stage.LR_RANGE_TEST)

FOR_STEPS = 0.5
"""The share of the time for the steps, however long the preparation took: what has begun is brought to its end."""

FOR_MEASURES = 0.25
"""The share of the time of the steps for evaluations."""


@dataclass(frozen=True)
class Effort:
    """The size of a test: maximum numbers of training and validation images, steps, and evaluations on the latter."""

    train: int
    validation: int
    steps: int
    measures: int


THOROUGH, QUICK = Effort(1024, 256, 100, 20), Effort(512, 128, 100, 10)


class Clock:
    """How much of the time that a test aims at is left.

    Args:
        seconds: That time; None for as long as it takes.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = math.inf if seconds is None else seconds
        self._began = time.monotonic()

    @property
    def is_limited(self) -> bool:
        return math.isfinite(self.seconds)

    @property
    def for_steps(self) -> float:
        """Seconds left for the steps."""
        return max(self._began + self.seconds - time.monotonic(), FOR_STEPS * self.seconds)


@dataclass(frozen=True)
class Sweep:
    """The result: rates and losses by step, (rate, loss) on the validation images, and whether the loss diverged."""

    rates: list[float]
    losses: list[float]
    measured: list[tuple[float, float]]
    diverged: bool
    planned: int


def sweep(trainer: Trainer, effort: Effort, clock: Clock, progress: ProgressCallback) -> Sweep:
    """Trains with geometrically rising rates, until the loss is far above its minimum."""
    phase, (steps, measures) = trainer.phase, _size(trainer, effort, clock)
    made, every, mean = Sweep([], [], [], False, steps), max(1, steps // measures), Mean()
    reseed(trainer.tail, phase.spec.train.seed, 1)
    for rate, batch in zip(np.geomspace(LOWEST, HIGHEST, steps).tolist(), _batches(trainer), strict=False):
        _set_rates(trainer, rate / phase.head_rate)
        loss = _step(trainer, *batch)
        if mean.has_diverged(loss):
            return Sweep(made.rates, made.losses, made.measured, True, steps)
        made.rates.append(rate)
        made.losses.append(loss)
        if len(made.rates) % every == 0:
            validated = evaluate(trainer.forward, trainer.phase_data.validation).loss
            made.measured.extend([(rate, validated)] if math.isfinite(validated) else [])
        progress(TESTING, len(made.rates), steps)
    return made


class Mean:
    """The running mean of a loss, to detect divergence."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.sum = self.weight = 0.0
        self.first = self.lowest = math.inf

    def has_diverged(self, loss: float) -> bool:
        """Adds a loss; True if the mean exceeds four times its minimum and its initial value."""
        if not math.isfinite(loss):
            return True
        self.sum, self.weight = KEPT * self.sum + (1 - KEPT) * loss, KEPT * self.weight + 1 - KEPT
        mean = self.sum / self.weight
        self.first = mean if math.isinf(self.first) else self.first
        self.lowest = min(self.lowest, mean)
        return mean > 4 * self.lowest and mean > self.first


def _batches(trainer: Trainer) -> Iterator[tuple[Batch, np.ndarray]]:
    """An endless stream of batches with their positions: epoch after epoch in the order of a run, full batches if possible."""
    train, images = trainer.phase.spec.train, len(trainer.phase_data.train.labels)
    for epoch in count(1):
        order = generator_of("order", train.seed, epoch).permutation(images)
        whole = images - images % train.batch_size or images
        portions = in_batches(order[:whole], train.batch_size)
        yield from zip(trainer.phase_data.train.inputs(portions, epoch), portions, strict=True)


def _step(trainer: Trainer, batch: Batch, positions: np.ndarray) -> float:
    labels = trainer.phase_data.train.labels
    mixed = () if batch.partners is None else (labels[batch.partners], batch.shares)
    result = trainer.steps.one(batch.inputs, labels[positions], *mixed)
    return float(result.losses.mean(dtype=np.float64))


def _set_rates(trainer: Trainer, share: float) -> None:
    for group in trainer.groups:
        group.optimizer.learning_rate = group.rate * share


def _size(trainer: Trainer, effort: Effort, clock: Clock) -> tuple[int, int]:
    """The numbers of steps and of evaluations: fewer steps for small data, and of both what fits into the time, judged by a trial step."""
    images, size = len(trainer.phase_data.train.labels), trainer.phase.spec.train.batch_size
    wanted = min(effort.steps, max(FEWEST_STEPS, PASSES * (images // size)))
    if not clock.is_limited:
        return wanted, effort.measures
    step, measure = _tried(trainer)
    measures = max(1, min(effort.measures, int(FOR_MEASURES * clock.for_steps / max(measure, 1e-9))))
    affordable = int((clock.for_steps - measure * measures) / step)
    return max(FEWEST_STEPS, min(wanted, affordable)), measures


def _tried(trainer: Trainer) -> tuple[float, float]:
    """The seconds of a step and of an evaluation; restores all state."""
    variables = trainer.variables
    before = {name: np.asarray(variable).copy() for name, variable in variables.items()}
    _set_rates(trainer, 0.0)
    batches, times = _batches(trainer), [0.0]
    for _ in range(2):  # The first call compiles.
        began = time.monotonic()
        _step(trainer, *next(batches))
        stepped = time.monotonic()
        evaluate(trainer.forward, trainer.phase_data.validation)
        times = [stepped - began, time.monotonic() - stepped]
    checkpoints.restore(before, variables)
    return times[0], times[1]


def smoothed(seen: Sweep) -> np.ndarray:
    """Smoothed losses: a Gaussian mean over neighbouring steps, without lag or bias at the ends."""
    places, width = np.arange(len(seen.losses)), max(WIDTH * seen.planned, NARROWEST)
    weights = np.exp(-((places[:, None] - places[None, :]) ** 2) / (2 * width**2))
    return np.asarray(weights @ np.array(seen.losses) / weights.sum(axis=1))


def suggested(seen: Sweep, losses: np.ndarray) -> tuple[float | None, float | None]:
    """The rate of the steepest descent before the minimum, and a tenth of the rate of the minimum; None if the loss never fell.

    Args:
        losses: `smoothed` losses.
    """
    lowest = int(losses.argmin())
    if losses[0] - losses[lowest] < LEAST_FALL * losses[0]:
        return None, None
    steepest = int(np.gradient(losses)[: lowest + 1].argmin())
    return rounded(seen.rates[steepest]), rounded(seen.rates[lowest] / 10)
