"""An epoch of a head on a frozen backbone with exact augmentation, every image changed anew: plain Keras over ours.

The same flip, rotation and zoom on both sides, from the same decoded pixels in memory. Plain Keras is the pipeline of the tutorials:
`RandomFlip`, `RandomRotation` and `RandomZoom` mapped over the dataset, the frozen network, `fit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np

from benchmarks.figures import Conditions, Figure
from benchmarks.plain import Head, model_of
from benchmarks.thawed import BATCH, Images
from benchmarks.timing import Times, as_installed, in_turn
from tl_core.data.playground import KINDS
from tl_core.engine.backend import keras, tf
from tl_core.engine.inputs.prefix import compiled
from tl_core.engine.inputs.streams import from_images
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.records import unwatched

SIZE, IMAGES, RATE, REPEATS = 224, 512, 1e-3, 3
ROTATION, ZOOM = 15.0, 0.15
"""Degrees, and share of the size."""


def measure(_: Conditions) -> Iterator[Figure]:
    images, seconds = Images.made(SIZE, IMAGES), list[float]()
    fit = in_turn([ours(images, seconds), plain(images)], REPEATS)[1]
    mine = Times(tuple(seconds[1:]))
    name = f"an epoch of augmented images at {SIZE}, Lite0 frozen: plain Keras over ours"
    note = f"{len(images.labels)} images, flip, rotation and zoom: ours {mine}, plain {fit}"
    yield Figure(name, fit.median / mine.median, 2.5, "times", True, note)


def ours(images: Images, seconds: list[float]) -> Callable[[], object]:
    """One epoch after another; how long training alone took is added to `seconds`."""
    spec = PRESETS["feature-extraction"].spec(
        {
            "data.image_size": SIZE,
            "head.dropout": 0.0,
            "train.batch_size": BATCH,
            "train.epochs": 10_000,
            "train.learning_rate": RATE,
            "augment": {"horizontal_flip": 0.5, "rotation": ROTATION, "zoom": ZOOM},
        }
    )
    experiment, labels, epochs = resolve(spec), images.labels, count(1)
    (phase,) = experiment.phases
    parts = divide(assemble(experiment, len(KINDS)), experiment, phase.frozen)
    assert parts.prefix is not None
    prefix, rows = compiled(parts.prefix), np.arange(len(labels))
    train = from_images(images.pixels, rows, prefix, spec.augment, spec.train.seed, [str(row) for row in rows])
    some = Part(from_images(images.pixels, rows[:BATCH], prefix), labels[:BATCH])
    trainer = Trainer.build(parts.tail, PhaseData(Part(train, labels), some, some), phase)

    def side() -> None:
        record, _ = trainer.epoch(next(epochs), unwatched)
        seconds.append(len(labels) / (record.images_per_second or 0))

    return side


def plain(images: Images) -> Callable[[], object]:
    """One epoch after another by `fit`."""
    augmentation = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(ROTATION / 360),
            keras.layers.RandomZoom(ZOOM),
        ]
    )

    def augmented(pixels: Any, labels: Any) -> tuple[Any, Any]:
        return augmentation(tf.cast(pixels, tf.float32), training=True), labels

    read = tf.data.Dataset.from_tensor_slices((images.pixels, images.labels)).shuffle(len(images.labels)).batch(BATCH)
    dataset = read.map(augmented, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    model = model_of("EfficientNetLite0", SIZE, Head(learning_rate=RATE), len(KINDS))

    def side() -> None:
        with as_installed():
            model.fit(dataset, epochs=1, shuffle=False, verbose=0)

    return side
