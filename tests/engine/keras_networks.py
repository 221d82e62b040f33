"""Small networks as people train and save them with Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tl_core.engine.backend import keras

layers = keras.layers

CUTS = ("block1=pool_1", "block2=pool_2", "block3=relu_3")
"""Of `tiny`, from the input to the head."""


def tiny() -> keras.Model:
    """Three blocks, a shortcut in the second, batch statistics unlike those of a new layer, and a head."""
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same", name="conv_1", kernel_regularizer="l2")(image)
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.MaxPooling2D(2, name="pool_1")(layers.ReLU(name="relu_1")(x))
    branch = layers.Conv2D(8, 3, padding="same", activation="relu", name="branch")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(layers.Add(name="sum")([x, branch]))
    x = layers.Conv2D(16, 3, strides=2, padding="same", name="conv_3")(x)
    x = layers.ReLU(name="relu_3")(layers.BatchNormalization(name="norm_3")(x))
    outputs = layers.Dense(4, activation="softmax", name="classes")(layers.GlobalAveragePooling2D(name="pooled")(x))
    return with_drawn_weights(keras.Model(image, outputs))


def with_drawn_weights(model: keras.Model) -> keras.Model:
    """The model with the same values in all its weights each time, above zero where they are variances."""
    dice = np.random.default_rng(7)
    for weight in model.weights:
        if weight.name in ("mean", "variance", "count"):  # Of `Normalization`, which computes with copies of them.
            continue
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(dice.uniform(0.5, 1.5, weight.shape))
        else:
            weight.assign(dice.normal(0, 0.2, weight.shape))
    return model


def saved(model: keras.Model, path: Path) -> Path:
    """The file of a model."""
    model.save(path)
    return path
