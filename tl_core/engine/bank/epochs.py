"""The epochs of heads that train side by side: what each sees and draws, the lines they leave, and which of them go on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tl_core.engine.backend import tf
from tl_core.engine.bank.layout import Layout, layout_of
from tl_core.engine.bank.program import Epoch, Images, Program, as_keras
from tl_core.engine.bank.stack import Layer, Settings, dropout_names, first_layers, moved, settings_of, sizes_of
from tl_core.engine.seeds import seed_of
from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import rate
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.stopping import ends_now

Line = dict[str, Any]

FIRST_STEPS = 64
"""Steps after which somebody who stops a bank is first heard; then twice as many while they take less than LONG_ENOUGH seconds."""

LONG_ENOUGH = 0.5

_KERAS_SEEDS = 2**31 - 2
"""Keras takes the seed of a draw modulo this."""


@dataclass
class Outcome:
    """What became of one head: the lines of its epochs, and why there are no more of them."""

    lines: list[Line] = field(default_factory=list)
    stopped_early: dict[str, Any] | None = None
    diverged: str | None = None

    @property
    def ended(self) -> bool:
        return self.stopped_early is not None or self.diverged is not None


@dataclass(frozen=True)
class Shared:
    """What all heads have in common, on the device.

    Attributes:
        units: Of the classifier.
        order_of, train_eval_of: From a seed (and the epoch) to the training images in the order it sees them, and to those it is measured on.
    """

    program: Program
    train: Images
    validation: Images
    units: int
    class_weights: np.ndarray | None
    order_of: Callable[[int, int], np.ndarray]
    train_eval_of: Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Stand:
    """Heads that train side by side, as they are between two epochs."""

    specs: tuple[ExperimentSpec, ...]
    outcomes: tuple[Outcome, ...]
    layout: Layout
    layers: tuple[Layer, ...]
    settings: Settings


def begun(specs: Sequence[ExperimentSpec], outcomes: Sequence[Outcome], shared: Shared) -> Stand:
    """Heads before their first epoch; their hidden layers have to be the same."""
    sizes = _sizes(specs, shared)
    layout = layout_of(specs, *sizes[0], specs[0].train.batch_size)
    settings = settings_of(specs, layout, sizes, shared.class_weights)
    return Stand(tuple(specs), tuple(outcomes), layout, first_layers(specs, layout, sizes), settings)


def train(stand: Stand, shared: Shared, reached: Callable[[int], None]) -> None:
    """Trains heads to their ends.

    Args:
        reached: Told often how many epochs are done; what it raises goes on.
    """
    for epoch in range(1, stand.specs[0].train.epochs + 1):
        lines = _epoch(stand, shared, epoch, lambda done=epoch - 1: reached(done))  # type: ignore[misc]
        for spec, outcome, line in zip(stand.specs, stand.outcomes, lines, strict=True):
            if not outcome.ended:
                _note(spec, outcome, line)
        reached(epoch)
        if all(outcome.ended for outcome in stand.outcomes):
            return
        stand = _without_ended(stand, shared)


def _note(spec: ExperimentSpec, outcome: Outcome, line: Line) -> None:
    """Adds the line of an epoch to what became of a head, and whether it ends there."""
    wrong = [name for name in ("loss", "train_eval_loss", "val_loss") if not math.isfinite(line[name])]
    if wrong:
        outcome.diverged = f"In epoch {line['epoch']} the {wrong[0].replace('_', ' ')} was no number any more."
        return
    outcome.lines.append(line)
    if ends := ends_now(spec.stopping, outcome.lines, 1):
        outcome.stopped_early = {"epoch": ends[0], "reason": ends[1]}


def _without_ended(stand: Stand, shared: Shared) -> Stand:
    """The heads that go on, moved together once half of the places are idle: a new shape is compiled anew."""
    going = [number for number, outcome in enumerate(stand.outcomes) if not outcome.ended]
    specs = tuple(stand.specs[number] for number in going)
    sizes = _sizes(specs, shared)
    layout = layout_of(specs, *sizes[0], specs[0].train.batch_size)
    if layout.places.size > stand.layout.places.size / 2:
        return stand
    layers = moved(stand.layers, stand.layout, going, layout)
    settings = settings_of(specs, layout, sizes, shared.class_weights)
    return Stand(specs, tuple(stand.outcomes[number] for number in going), layout, layers, settings)


def _sizes(specs: Sequence[ExperimentSpec], shared: Shared) -> list[tuple[int, int]]:
    return sizes_of(specs[0], shared.train.features.shape[1], shared.units)


def _epoch(stand: Stand, shared: Shared, number: int, watch: Callable[[], None]) -> list[Line]:
    """Trains one epoch; the line of each head."""
    spec, images = stand.specs[0], shared.train.labels.shape[0]
    steps, phase = -(-images // spec.train.batch_size), resolve(spec).phases[0]
    shares = [rate(spec.schedule, 1.0, number, step, steps, phase.schedule_span) for step in range(steps)]
    curves = _curves("", stand, _train(stand, shared, _drawn(stand, shared, number, shares), watch), images)
    for prefix, part, positions in (
        ("train_eval_", shared.train, _train_eval(stand, shared)),
        ("val_", shared.validation, np.arange(len(shared.validation.labels))[None]),
    ):
        sums = shared.program.measure(stand.layers, stand.settings, part, tf.constant(positions, tf.int32))
        curves |= _curves(prefix, stand, sums, positions.shape[1])
    rates = [head.train.learning_rate * shares[-1] for head in stand.specs]
    return [
        {"epoch": number, "phase": phase.title, **{name: float(values[head]) for name, values in curves.items()}}
        | {"learning_rate": {"head": rates[head]}}
        for head in range(len(stand.specs))
    ]


def _curves(prefix: str, stand: Stand, sums: tuple[Any, Any], images: int) -> dict[str, np.ndarray]:
    """Loss and accuracy of each head, of sums over images at each place."""
    losses, right = (np.asarray(values)[stand.layout.first] / images for values in sums)
    return {f"{prefix}loss": losses, f"{prefix}accuracy": right}


def _train_eval(stand: Stand, shared: Shared) -> np.ndarray:
    """The training images that heads are measured on: of each seed, or of all where they are the same."""
    positions = np.stack([shared.train_eval_of(seed) for seed in stand.layout.seeds])
    return positions[:1] if (positions == positions[0]).all() else positions


def _drawn(stand: Stand, shared: Shared, number: int, shares: Sequence[float]) -> Epoch:
    """What is random in an epoch, as in the run of each seed."""
    seeds, layers = stand.layout.seeds, dropout_names(len(stand.layers))
    # Keras's generator of a layer that `seeds.reseed` set: it counts up from the epoch, one a step.
    draws = [[seed_of(seed, name, 0) % _KERAS_SEEDS for seed in seeds] for name in layers]
    before = (number - 1) * len(shares)
    fused = as_keras(np.arange(before + 1, before + len(shares) + 1))
    return Epoch(
        number=tf.constant(number, tf.int32),
        order=tf.constant(np.stack([shared.order_of(seed, number) for seed in seeds]), tf.int32),
        draws=tf.constant(draws, tf.int32),
        shares=tf.constant(shares * fused, tf.float32),
        before=tf.constant(before, tf.float32),
    )


def _train(stand: Stand, shared: Shared, epoch: Epoch, watch: Callable[[], None]) -> tuple[Any, Any]:
    """Sums of losses and of what was told right over the images of an epoch, of each place."""
    start, length, steps = 0, FIRST_STEPS, epoch.shares.shape[0]
    sums: list[Any] = []
    while start < steps:
        began = time.monotonic()
        watch()
        stop = min(start + length, steps)
        batch, span = stand.specs[0].train.batch_size, (tf.constant(start), tf.constant(stop))
        told = shared.program.train(stand.layers, stand.settings, shared.train, epoch, batch, *span)
        sums.append([values.numpy() for values in told])
        start = stop
        if time.monotonic() - began < LONG_ENOUGH:
            length *= 2
    losses, right = zip(*sums, strict=True)
    return sum(losses), sum(right)
