"""One epoch of a linear head on cached features: ours over a bare compiled TensorFlow loop that does the same updates.

Beside it: Keras `fit`, with one and with 32 steps an execution; and ours with what it measures after an epoch, over the bare loop and the
same two measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from benchmarks.figures import Conditions, Figure
from benchmarks.timing import Times, as_installed, in_turn
from tl_core.engine.backend import keras, tf
from tl_core.engine.inputs.streams import equal_batches, from_features
from tl_core.engine.networks.assembly import divide, pretrained, with_head
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.records import unwatched

IMAGES, VALIDATION, CLEAN, FEATURES, CLASSES = 3068, 341, 1000, 1280, 10
BATCH, RATE = 32, 1e-3
REPEATS = 15
SETTINGS: dict[str, Any] = {
    "data.image_size": 64,  # Of a network that is built for its head alone.
    "head.dropout": 0.0,
    "head.l2": 0.0,
    "train.batch_size": BATCH,
    "train.learning_rate": RATE,
    "train.epochs": 10_000,
}


@dataclass(frozen=True)
class Features:
    """Made-up features that a linear classifier can tell apart: float32, shape (images, FEATURES); labels: int64, shape (images,)."""

    inputs: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, images: int, seed: int) -> Features:
        random = np.random.default_rng(seed)
        labels = random.integers(0, CLASSES, images)
        centres = np.random.default_rng(0).normal(0, 0.3, (CLASSES, FEATURES))
        inputs = np.maximum(centres[labels] + random.normal(0, 1, (images, FEATURES)), 0)
        return cls(inputs.astype(np.float32), labels)


@dataclass(frozen=True)
class Data:
    train: Features
    validation: Features

    @classmethod
    def made(cls, images: int = IMAGES, validation: int = VALIDATION) -> Data:
        return cls(Features.of(images, 1), Features.of(validation, 2))


def measure(_: Conditions) -> Iterator[Figure]:
    data = Data.made()
    trainer = trainer_on(data)
    seconds: list[float] = []
    sides = [
        ours(trainer, seconds),
        bare(data, kernel_of(trainer)),
        bare(data, kernel_of(trainer), measuring=True),
        fit(data, 1),
        fit(data, 32),
    ]
    whole, loop, measured, single, many = in_turn(sides, REPEATS)
    training = Times(tuple(seconds[1:]))
    name = f"one epoch of a linear head on cached features ({IMAGES} x {FEATURES}), over"
    yield Figure(
        f"{name} a bare TensorFlow loop", training.median / loop.median, 1.5, "times", note=_beside(training, loop)
    )
    with_measures = whole.median / measured.median
    note = f"ours {whole}, bare {measured}: each also measures {CLEAN} + {VALIDATION} images"
    yield Figure("  the same with what is measured after it, on both sides", with_measures, None, "times", note=note)
    yield Figure("  Keras fit over the bare loop", single.median / loop.median, None, "times", note=f"fit {single}")
    note = f"fit {many}"
    yield Figure(
        "  Keras fit, steps_per_execution=32, over the bare loop", many.median / loop.median, None, "times", note=note
    )


def _beside(ours: Times, bare: Times) -> str:
    giga = 6 * IMAGES * FEATURES * CLASSES / 1e9
    return f"ours {ours}, bare {bare}; {giga:.2f} GFLOP and {IMAGES * FEATURES * 4 / 1e6:.0f} MB of features an epoch"


def trainer_on(data: Data, **changes: Any) -> Trainer:
    """A linear head as a run would train it on stored features."""
    spec = PRESETS["feature-extraction"].spec({**SETTINGS, **changes})
    (phase,) = resolve(spec).phases
    parts = divide(with_head(_network(), resolve(spec), CLASSES), resolve(spec), phase.frozen)
    train, validation = (
        Part(from_features(part.inputs, np.arange(len(part.labels))), part.labels)
        for part in (data.train, data.validation)
    )
    some = np.arange(min(CLEAN, len(data.train.labels)))
    clean = Part(from_features(data.train.inputs, some), data.train.labels[some])
    return Trainer.build(parts.tail, PhaseData(train, clean, validation), phase)


@cache
def _network() -> keras.Model:
    """What the head is put on; built once, as it is no part of what is compared."""
    return pretrained(resolve(PRESETS["feature-extraction"].spec(SETTINGS)))


def ours(trainer: Trainer, seconds: list[float]) -> Callable[[], object]:
    """One epoch after another; how long training alone took is added to `seconds`, as the record of the epoch tells it."""
    epochs = count(1)

    def side() -> None:
        record, _ = trainer.epoch(next(epochs), unwatched)
        seconds.append(len(trainer.phase_data.train.labels) / (record.images_per_second or 0))

    return side


def kernel_of(trainer: Trainer) -> list[np.ndarray]:
    """The kernel and the bias of the head as they are now."""
    return [np.asarray(variable).copy() for variable in trainer.groups[0].variables]


def bare(data: Data, first: list[np.ndarray], measuring: bool = False) -> Callable[[], list[np.ndarray]]:
    """One epoch after another of the same updates, in the same order, by a loop with nothing around it; gives kernel and bias.

    Args:
        first: Kernel and bias to begin with.
        measuring: Whether the loss of the clean and of the validation images is computed after the epoch as well.
    """
    inputs, labels = tf.constant(data.train.inputs), tf.constant(data.train.labels)
    weights = [tf.Variable(value) for value in first]
    adam = keras.optimizers.Adam(RATE)
    adam.build(weights)
    sizes = [len(batch) for batch in equal_batches(np.arange(len(data.train.labels)), BATCH)]
    ends = tf.constant(np.cumsum([0, *sizes]))

    def losses(these: Any, of: Any) -> Any:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(of, these @ weights[0] + weights[1])

    @tf.function
    def epoch(order: Any) -> Any:
        total = tf.zeros(())
        for step in tf.range(len(sizes)):
            places = order[ends[step] : ends[step + 1]]
            with tf.GradientTape() as tape:
                found = losses(tf.gather(inputs, places), tf.gather(labels, places))
                loss = tf.reduce_mean(found)
            adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            total += tf.reduce_sum(found)
        return total

    @tf.function
    def measured() -> Any:
        some = losses(inputs[:CLEAN], labels[:CLEAN])
        return tf.reduce_mean(some), tf.reduce_mean(losses(tf.constant(data.validation.inputs), data.validation.labels))

    epochs = count(1)

    def side() -> list[np.ndarray]:
        order = generator_of("order", 0, next(epochs)).permutation(len(data.train.labels))
        with as_installed():
            float(epoch(tf.constant(order)))
            if measuring:
                [float(value) for value in measured()]
        return [weight.numpy() for weight in weights]

    return side


def fit(data: Data, steps: int) -> Callable[[], object]:
    """One epoch after another by Keras, so many steps an execution, with the validation that `fit` users ask for left out."""
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"], steps_per_execution=steps)

    def side() -> None:
        with as_installed():
            model.fit(data.train.inputs, data.train.labels, batch_size=BATCH, epochs=1, verbose=0)

    return side
