"""Training a bank: its heads in portions that fit into memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
import psutil

from tl_core.engine.backend import tf
from tl_core.engine.bank.epochs import Outcome, Shared, begun, train
from tl_core.engine.bank.layout import dropouts
from tl_core.engine.bank.program import MEASURED_AT_ONCE, Images, compiled
from tl_core.engine.bank.stack import sizes_of
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import balanced
from tl_core.engine.training.phase_data import train_eval_positions
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.text import data_size

SHARE_OF_MEMORY = 0.25
"""Of what is free: as much may the features take, and as much what a portion of heads trains with."""

COPIES = 6
"""Arrays of the size of all weights that a step holds: the weights, two moments, the gradient, and two that penalties pass through."""


@dataclass(frozen=True)
class Arrays:
    """What all heads read. Features: float32 or float16, shape (images, inputs); labels: int64, shape (images,)."""

    train: np.ndarray
    train_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray
    classes: int


@dataclass(frozen=True)
class Bank:
    """What became of each head, in the order of the specs; not `complete` where somebody stopped it."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    complete: bool


def run(specs: Sequence[ExperimentSpec], arrays: Arrays, progress: ProgressCallback = unwatched) -> Bank:
    """Trains a head for each spec.

    Args:
        specs: Alike but for `tl_core.results.head_bank.AXES`.
        progress: Told how many epochs of heads are done, of how many; where it raises RunStopped, what was reached is returned.
    """
    began, complete = time.monotonic(), True
    outcomes = tuple(Outcome() for _ in specs)
    epochs = specs[0].train.epochs
    try:
        shared, done = _shared(specs[0], arrays), 0
        for heads in _portions(specs, _budget(), shared.train.features.shape[1], shared.units):
            stand = begun([specs[head] for head in heads], [outcomes[head] for head in heads], shared)
            train(stand, shared, partial(_tell, progress, done * epochs, len(heads), len(specs) * epochs))
            done += len(heads)
    except RunStopped:
        complete = False
    return Bank(outcomes, time.monotonic() - began, complete)


def _tell(progress: ProgressCallback, before: int, heads: int, total: int, epochs: int) -> None:
    progress(Activity(Stage.TRAINING_HEADS), before + heads * epochs, total)


def need_memory(images: int, inputs: int) -> None:
    """Raises RunFailed where features of so many images do not fit; to be asked before they are read from the disk.

    They take four bytes each however they are stored: heads compute in float32.
    """
    needed, most = 4 * images * inputs, _budget()
    if needed > most:
        raise RunFailed(
            f"The features take {data_size(needed)}; a bank of heads may use {data_size(most)} of this machine's memory for "
            "them. Use fewer images (data.images_per_class), or train runs one by one."
        )


def _shared(spec: ExperimentSpec, arrays: Arrays) -> Shared:
    count, balance = len(arrays.train_labels), spec.loss.class_weights == "balanced"
    return Shared(
        program=compiled(),
        train=_on_device(arrays.train, arrays.train_labels),
        validation=_on_device(arrays.validation, arrays.validation_labels),
        units=spec.head.units(arrays.classes),
        class_weights=balanced(arrays.train_labels) if balance else None,
        order_of=lambda seed, epoch: generator_of("order", seed, epoch).permutation(count),
        train_eval_of=lambda seed: train_eval_positions(count, seed),
    )


def _on_device(features: np.ndarray, labels: np.ndarray) -> Images:
    return Images(tf.constant(features, tf.float32), tf.constant(labels, tf.int64))


def _budget() -> float:
    return float(psutil.virtual_memory().available * SHARE_OF_MEMORY)


def _portions(specs: Sequence[ExperimentSpec], budget: float, inputs: int, units: int) -> Iterator[list[int]]:
    """Numbers of heads that train side by side: of the same hidden layers, those that see the same inputs next to each other."""

    def alike(head: int) -> tuple[tuple[int, ...], int, float]:
        spec = specs[head]
        return spec.head.hidden, spec.train.seed, dropouts(spec.head)[0]

    for _, same in groupby(sorted(range(len(specs)), key=alike), key=lambda head: specs[head].head.hidden):
        heads = list(same)
        most = max(1, int(budget / head_bytes(specs[heads[0]], inputs, units)))
        for start in range(0, len(heads), most):
            yield heads[start : start + most]


def head_bytes(spec: ExperimentSpec, inputs: int, units: int) -> int:
    """The memory one head of a bank takes while it trains, at most."""
    sizes = sizes_of(spec, inputs, units)
    weights = sum((read + 1) * given for read, given in sizes)
    inside = sum(given for _, given in sizes) * 4 * max(spec.train.batch_size, MEASURED_AT_ONCE)
    return 4 * (COPIES * weights + inside + 2 * inputs * spec.train.batch_size)
