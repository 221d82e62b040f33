"""The plain Keras pipeline of the tutorials: `image_dataset_from_directory`, a frozen network called with training=False, `fit`.

(keras.io, "Transfer learning & fine-tuning"; tensorflow.org, "Transfer learning and fine-tuning".) Prefetched as there; not cached, as
there. The network and its weights are those of the lab, so that both sides train the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.photos import Photos
from benchmarks.timing import as_installed
from tl_core.backbones import BACKBONES
from tl_core.engine.backend import keras, tf
from tl_core.engine.networks import build, weights

BATCH = 32


@dataclass(frozen=True)
class Head:
    """What is put on the pooled features. hidden: Units of layers with ReLU; dropout: before the classifier."""

    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    learning_rate: float = 1e-3


class Plain:
    """A network that is ready to be trained by `fit`, and its data.

    Args:
        size: The side of the images in pixels.
    """

    def __init__(
        self, photos: Photos, size: int, head: Head, seed: int = 0, backbone: str = "EfficientNetLite0"
    ) -> None:
        keras.utils.set_random_seed(seed)
        self.train = _dataset(photos, "train", size, seed)
        self.validation = _dataset(photos, "validation", size, seed)
        self.model = model_of(backbone, size, head, len(self.train.class_names))
        self._prefetched = [part.prefetch(tf.data.AUTOTUNE) for part in (self.train, self.validation)]

    @property
    def images(self) -> int:
        return len(self.train.file_paths)

    @property
    def updates(self) -> int:
        """Steps that its optimiser has taken."""
        return int(self.model.optimizer.iterations)

    def warm_up(self, steps: int = 4) -> None:
        """Compiles and trains a few steps."""
        train, validation = self._prefetched
        with as_installed():
            self.model.fit(train.take(steps), validation_data=validation.take(1), shuffle=False, verbose=0)

    def epoch(self) -> dict[str, float]:
        """Trains one epoch and validates; gives what `fit` says of it."""
        train, validation = self._prefetched
        with as_installed():
            history = self.model.fit(train, validation_data=validation, epochs=1, shuffle=False, verbose=0).history
        return {name: float(values[-1]) for name, values in history.items()}


def _dataset(photos: Photos, part: str, size: int, seed: int) -> Any:
    return keras.utils.image_dataset_from_directory(
        photos.folder / part,
        image_size=(size, size),
        batch_size=BATCH,
        shuffle=part == "train",
        seed=seed,
        verbose=False,
    )


def model_of(name: str, size: int, head: Head, classes: int) -> keras.Model:
    """A frozen pretrained network with a head, compiled."""
    backbone = BACKBONES[name]
    network = build.build(backbone, size)
    weights.load(network, backbone, "pretrained", 0)
    network.trainable = False
    inputs = keras.Input((size, size, 3))
    features = keras.layers.GlobalAveragePooling2D()(network(inputs, training=False))
    model = keras.Model(inputs, _head(features, head, classes))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(head.learning_rate), loss, metrics=["accuracy"])
    return model


def _head(features: Any, head: Head, classes: int) -> Any:
    for units in head.hidden:
        features = keras.layers.Dense(units, activation="relu")(features)
    if head.dropout:
        features = keras.layers.Dropout(head.dropout)(features)
    return keras.layers.Dense(classes)(features)
