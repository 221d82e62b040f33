"""Trains a bank: heads in stacks of one structure that fit into memory, epoch by epoch until each has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import psutil

from tl_core import metrics
from tl_core.engine.backend import tf
from tl_core.engine.bank.layout import inputs_key
from tl_core.engine.bank.network import sizes_of
from tl_core.engine.bank.outcome import Bank, OnOutcomes, Outcome, ignore
from tl_core.engine.bank.stack import Batches, Stack
from tl_core.engine.bank.subsets import Subsets
from tl_core.engine.inputs.streams import equal_batches, portions
from tl_core.engine.results.reports import cross_entropy
from tl_core.engine.training.epochs import balanced
from tl_core.engine.training.optimizers import in_place_of_weights
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import rate
from tl_core.experiment.spec import ExperimentSpec
from tl_core.metrics import TRAIN_EVAL_IMAGES, Measured
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage, unwatched
from tl_core.results.head_bank import PER_HEAD
from tl_core.text import data_size

SHARE_OF_MEMORY = 0.25
"""Share of free memory for the features, and for the training state of a stack."""

COPIES = 7
"""Number of arrays of the size of all weights in a step: weights, two moments, average, gradient, and two temporary ones."""

MEASURED_AT_ONCE = 256
"""Images per evaluation batch; bounds the memory of hidden layers."""


@dataclass(frozen=True)
class Arrays:
    """The data of all heads. Features: float32 or float16, shape (images, inputs); labels: int64, shape (images,)."""

    train: np.ndarray
    train_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray
    classes: int

    def on_device(self) -> Arrays:
        """With features that are float32 tensors."""
        train, validation = (tf.constant(features, tf.float32) for features in (self.train, self.validation))
        return Arrays(train, self.train_labels, validation, self.validation_labels, self.classes)


def run(
    specs: Sequence[ExperimentSpec],
    arrays: Arrays,
    progress: ProgressCallback = unwatched,
    on_outcomes: OnOutcomes = ignore,
    subsets: Subsets | None = None,
) -> Bank:
    """Trains a head for each spec.

    Args:
        specs: All have the same features. Those that differ only in `tl_core.results.head_bank.PER_HEAD` train together.
        progress: Called with completed and total epochs of heads; if it raises RunStopped, the results so far are returned.
        on_outcomes: Told how far all heads are, after every epoch of some of them.
        subsets: The training images that each head reads; None: all.
    """
    began, complete = time.monotonic(), True
    outcomes = tuple(map(Outcome.of, specs))
    subsets = subsets or Subsets.whole(len(arrays.train_labels), len(specs))
    done, total = 0, sum(spec.train.epochs for spec in specs)

    def reached(before: int, heads: int, epochs: int) -> None:
        progress(Activity(Stage.TRAINING_HEADS), before + heads * epochs, total)

    try:
        read = arrays.on_device()
        for heads in stacks(specs, arrays, subsets):
            chosen, of_stack = [specs[head] for head in heads], [outcomes[head] for head in heads]
            callbacks = partial(reached, done, len(heads)), partial(on_outcomes, outcomes)
            _train_stack(chosen, of_stack, read, replace(subsets, of_head=subsets.of(heads)), *callbacks)
            done += sum(spec.train.epochs for spec in chosen)
    except RunStopped:
        complete = False
    return Bank(outcomes, time.monotonic() - began, complete)


def need_memory(images: int, inputs: int) -> None:
    """Raises RunFailed if the features do not fit into memory; to be called before they are read from disk.

    They take four bytes each in any storage format: heads compute in float32.
    """
    needed, most = 4 * images * inputs, _budget()
    if needed > most:
        raise RunFailed(
            f"The features take {data_size(needed)}; a bank of heads may use {data_size(most)} of this machine's memory for "
            "them. Use fewer images (data.images_per_class), or train runs one by one."
        )


def _budget() -> float:
    return float(psutil.virtual_memory().available * SHARE_OF_MEMORY)


def stacks(specs: Sequence[ExperimentSpec], arrays: Arrays, subsets: Subsets) -> Iterator[list[int]]:
    """Indices of heads that train together: of the same structure, those with the same inputs next to each other."""
    alike: dict[str, list[int]] = {}
    for number, spec in enumerate(specs):
        alike.setdefault(spec.with_values(PER_HEAD).digest(), []).append(number)
    for numbers in alike.values():
        heads = sorted(numbers, key=lambda head: inputs_key(specs[head], subsets.of_head[head]))
        most = max(1, int(_budget() / head_bytes(specs[heads[0]], arrays)))
        for start in range(0, len(heads), most):
            yield heads[start : start + most]


def head_bytes(spec: ExperimentSpec, arrays: Arrays) -> int:
    """Maximum memory of one head of a stack during training."""
    inputs, units = arrays.train.shape[1], spec.head.units(arrays.classes)
    sizes = sizes_of(spec, inputs, units)
    weights = sum((read + 1) * given for read, given in sizes)
    at_once = max(spec.train.batch_size, MEASURED_AT_ONCE)
    inside = sum(given for _, given in sizes) * 4 * at_once + inputs * at_once * (4 if spec.head.batch_norm else 1)
    outputs = units * max(TRAIN_EVAL_IMAGES, len(arrays.validation_labels))
    return 4 * (COPIES * weights + inside + outputs + 2 * inputs * spec.train.batch_size)


def _train_stack(
    specs: Sequence[ExperimentSpec],
    outcomes: Sequence[Outcome],
    arrays: Arrays,
    subsets: Subsets,
    reached: Callable[[int], None],
    told: Callable[[], None],
) -> None:
    """Trains heads of one structure until each has ended; adds to their outcomes, and calls `told` after every epoch."""
    balance = specs[0].loss.class_weights == "balanced"
    size = int(arrays.train.shape[1]), specs[0].head.units(arrays.classes)
    class_weights = balanced(arrays.train_labels) if balance else None
    stack = Stack(specs, subsets.of_head, *size, class_weights)
    for epoch in range(1, specs[0].train.epochs + 1):
        found = _epoch(stack, outcomes, arrays, subsets, epoch, partial(reached, epoch - 1))
        for outcome, (record, measured) in zip(outcomes, found, strict=True):
            if not outcome.ended:
                outcome.add(record, measured)
        told()
        reached(epoch)
        going = [number for number, outcome in enumerate(outcomes) if not outcome.ended]
        if not going:
            return
        if len(going) <= len(outcomes) / 2:  # Not earlier: another shape has to be compiled.
            left = [stack.specs[number] for number in going], [stack.subsets[number] for number in going]
            rest = Stack(*left, *size, class_weights)
            stack.hand_over(going, rest)
            stack, outcomes = rest, [outcomes[number] for number in going]


def _epoch(
    stack: Stack,
    outcomes: Sequence[Outcome],
    arrays: Arrays,
    subsets: Subsets,
    epoch: int,
    watch: Callable[[], None],
) -> list[tuple[EpochRecord, Measured]]:
    """Trains one epoch; returns the record of each head, and what it gives the validation images."""
    rates = _rates(stack, outcomes, epoch, -(-len(arrays.train_labels) // stack.specs[0].train.batch_size))
    sums = _train(stack, arrays, subsets, epoch, rates, watch)
    reported = [stack.layout.by_head(values[:, None, :, None])[:, 0, 0] for values in sums]
    scales = 1 / np.array([len(arrays.train_labels), len(arrays.train_labels), rates.shape[1]])
    with in_place_of_weights(stack.averages):
        train_eval = np.stack([subsets.train_eval_positions(*stream) for stream in stack.layout.streams])
        measured = _measured(stack, arrays.train, arrays.train_labels, train_eval)
        validation = np.arange(len(arrays.validation_labels))[None]
        measured_val = _measured(stack, arrays.validation, arrays.validation_labels, validation)
    name, found = resolve(stack.specs[0]).phases[0].title, []
    for of_head, clean, val, last in zip(np.stack(reported, 1), measured, measured_val, rates[:, -1], strict=True):
        trained = dict(zip(("loss", "accuracy", "penalty"), (scales * of_head).tolist(), strict=True))
        values = {**trained, **metrics.measure("train_eval", clean), **metrics.measure("val", val)}
        found.append((EpochRecord(epoch, name, values, {"head": float(last)}), val))
    return found


def _rates(stack: Stack, outcomes: Sequence[Outcome], epoch: int, steps: int) -> np.ndarray:
    """The learning rate of each head in each step: float64, shape (heads, steps)."""
    spec, span = stack.specs[0], resolve(stack.specs[0]).phases[0].schedule_span
    # One schedule for all, except plateau, which follows the losses of each head.
    plateau = spec.schedule.name == "plateau"
    lowered = [outcome.plateau.lowered(outcome.records) for outcome in outcomes] if plateau else [0]
    shares = [[rate(spec.schedule, 1.0, epoch, step, steps, span, times) for step in range(steps)] for times in lowered]
    return np.array([[one.train.learning_rate] for one in stack.specs]) * np.array(shares)


def _train(
    stack: Stack, arrays: Arrays, subsets: Subsets, epoch: int, rates: np.ndarray, watch: Callable[[], None]
) -> list[np.ndarray]:
    """Runs the steps of an epoch; returns `Sums`."""
    size = stack.specs[0].train.batch_size
    orders = [subsets.order(*stream, epoch) for stream in stack.layout.streams]
    filled, shares = _padded([equal_batches(order, size) for order in orders])
    by_step = stack.layout.stacked(rates[:, :, None]).transpose(1, 0, 2, 3)[:, :, None]
    batches = Batches(
        tf.constant(filled),
        tf.constant(shares),
        tf.constant(by_step, tf.float32),
        tf.constant(stack.network.draw_seeds(epoch)),
    )
    labels, sums = tf.constant(arrays.train_labels), []
    for portion in portions(list(batches.shares), int(arrays.train.shape[1])):
        watch()
        span = tf.constant(portion.start), tf.constant(portion.stop)
        sums.append([part.numpy() for part in stack.train(arrays.train, labels, batches, *span)])
    return [sum(parts[1:], parts[0]) for parts in zip(*sums, strict=True)]


def _padded(batches: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """`order` and `shares` of `Batches`, from the batches of each stream."""
    steps, size = len(batches[0]), len(batches[0][0])
    filled, shares = np.zeros((len(batches), steps, size), np.int32), np.zeros((steps, size), np.float32)
    for step, batch in enumerate(batches[0]):
        shares[step, : len(batch)] = 1 / len(batch)
        for stream, of_stream in enumerate(batches):
            filled[stream, step, : len(batch)] = of_stream[step]
    return filled, shares


def _measured(stack: Stack, features: Any, labels: np.ndarray, positions: np.ndarray) -> list[Measured]:
    """What each head gives images in inference mode.

    Args:
        positions: Images for evaluation, per stream or for all, shape (streams or 1, images).
    """
    of_rows = positions[stack.layout.stream_of_row] if len(positions) > 1 else positions
    if (of_rows == of_rows[0]).all():
        of_rows = of_rows[:1]
    parts = [of_rows[:, start : start + MEASURED_AT_ONCE] for start in range(0, of_rows.shape[1], MEASURED_AT_ONCE)]
    logits = np.concatenate([stack.outputs(features, tf.constant(part, tf.int32)).numpy() for part in parts], axis=1)
    answers = [labels[positions[stream % len(positions)]] for stream in stack.layout.stream_of_head]
    return [cross_entropy(*pair) for pair in zip(stack.layout.by_head(logits), answers, strict=True)]
