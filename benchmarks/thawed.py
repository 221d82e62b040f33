"""Training steps where blocks of the backbone train: Keras `fit` over ours, the same network, first weights, batches, rate and threads.

Both sides read the same inputs from memory: pixels if all blocks train, otherwise the features of the frozen blocks. Beside it: `fit` of
the whole network, as tutorials fine-tune, which computes the frozen blocks in every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from PIL import Image

from benchmarks.figures import Conditions, Figure
from benchmarks.timing import Times, as_installed, in_turn
from tl_core.data.playground import KINDS, render
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import in_keras
from tl_core.engine.inputs.streams import from_features
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.records import unwatched

IMAGES, BATCH, RATE, REPEATS = 256, 32, 1e-5, 3
CASES = {"top three blocks at 224": (224, "all-but-3"), "all blocks at 96": (96, "none")}
"""Size in pixels, and what is frozen."""

Epochs = Callable[[], float]
"""Trains the next epoch, and gives its mean training loss."""


def measure(_: Conditions) -> Iterator[Figure]:
    for name, (size, freeze) in CASES.items():
        yield from _compared(name, Case(size, freeze, Images.made(size)))


@dataclass(frozen=True)
class Images:
    """Playground images enlarged to a size: uint8 RGB, shape (images, size, size, 3); labels: int64, shape (images,)."""

    pixels: np.ndarray
    labels: np.ndarray

    @classmethod
    def made(cls, size: int, images: int = IMAGES) -> Images:
        labels = np.arange(images) % len(KINDS)
        drawn = (render(KINDS[label], number) for number, label in enumerate(labels))
        resized = (np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)) for image in drawn)
        return cls(np.stack(list(resized)), labels)


@dataclass(frozen=True)
class Case:
    """What both sides train; each has a network of its own, with the same first weights."""

    size: int
    freeze: str
    images: Images

    @property
    def experiment(self) -> Experiment:
        settings = {
            "data.image_size": self.size,
            "backbone.freeze": self.freeze,
            "head.dropout": 0.0,
            "head.l2": 0.0,
            "train.batch_size": BATCH,
            "train.epochs": 10_000,
            "train.learning_rate": RATE,
            "train.backbone_learning_rate": RATE,
        }
        return resolve(PRESETS["feature-extraction"].spec(settings))

    def ours(self, seconds: list[float]) -> Epochs:
        """Our side; `seconds` receives how long training alone took in each epoch."""
        phase, labels, epochs = self.experiment.phases[0], self.images.labels, count(1)
        tail, inputs = self._tail()
        train, some = (Part(from_features(inputs, np.arange(rows)), labels[:rows]) for rows in (len(labels), BATCH))
        trainer = Trainer.build(tail, PhaseData(train, some, some), phase)

        def side() -> float:
            record, _ = trainer.epoch(next(epochs), unwatched)
            seconds.append(len(labels) / (record.images_per_second or 0))
            return record.metrics["loss"]

        return side

    def plain(self) -> Epochs:
        """`fit` of the tail."""
        return self._fit(*self._tail())

    def whole(self) -> Epochs:
        """`fit` of the whole network, the frozen blocks included."""
        model = assemble(self.experiment, len(KINDS))
        divide(model, self.experiment, self.experiment.phases[0].frozen)
        return self._fit(model, self.images.pixels.astype(np.float32))

    def _tail(self) -> tuple[keras.Model, np.ndarray]:
        """A tail and its inputs."""
        experiment = self.experiment
        parts = divide(assemble(experiment, len(KINDS)), experiment, experiment.phases[0].frozen)
        pixels = self.images.pixels.astype(np.float32)
        if parts.prefix is None:
            return parts.tail, pixels
        return parts.tail, np.concatenate(list(in_keras(parts.prefix)(np.split(pixels, len(pixels) // BATCH))))

    def _fit(self, model: keras.Model, inputs: np.ndarray) -> Epochs:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
        labels, epochs = self.images.labels, count(1)

        def side() -> float:
            order = generator_of("order", 0, next(epochs)).permutation(len(labels))
            read, of = inputs[order], labels[order]
            with as_installed():
                history = model.fit(read, of, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
            return float(history["loss"][0])

        return side


def _compared(name: str, case: Case) -> Iterator[Figure]:
    seconds: list[float] = []
    losses: list[list[float]] = [[], []]
    ours, plain = case.ours(seconds), case.plain()
    sides: list[Callable[[], object]] = [lambda: losses[0].append(ours()), lambda: losses[1].append(plain())]
    if case.freeze != "none":
        sides.append(case.whole())
    _, fit, *whole = in_turn(sides, REPEATS)
    mine = Times(tuple(seconds[1:]))
    title = f"training steps of Lite0, {name}: Keras fit over ours"
    yield Figure(title, fit.median / mine.median, 1.5, "times", True, f"{IMAGES} images: ours {mine}, fit {fit}")
    for other in whole:
        yield Figure(
            "  fit of the whole network over ours", other.median / mine.median, None, "times", True, f"fit {other}"
        )
    note = f"{len(losses[0])} epochs of {IMAGES // BATCH} steps, from {losses[0][0]:.3f} to {losses[0][-1]:.3f}"
    apart = float(np.abs(np.array(losses[0]) - np.array(losses[1])).max())
    yield Figure("  largest difference of a training loss", apart, 1e-4, "nats", note=note)
