"""The head: the new layers on top of a pretrained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from tl_core.engine.backend import keras
from tl_core.engine.networks.mirror import averaged
from tl_core.engine.seeds import seed_of
from tl_core.experiment.spec import HeadSpec

POOLING = "head_pooling"
PROJECTION = "head_projection"
CLASSIFIER = "classifier"

LARGEST_NOISE = 1.0
"""The largest standard deviation that Keras's layer accepts."""


def attach(features: Any, head: HeadSpec, classes: int, seed: int, mirror: bool = False) -> Any:
    """Pooling, noise, hidden layers with normalisation and dropout, and classifier on a feature map.

    Args:
        features: Keras tensor (batch, ..., channels), or a list of several, whose pooled channels are joined.
        mirror: Whether the batch has each image and its mirror image; see `joined`.

    Returns:
        Logits, a Keras tensor (batch, units): one unit for two classes if the classifier is "auto".
    """
    x = joined(features if isinstance(features, list) else [features], head.pooling, mirror)
    x = _normalised(_noisy(x, head.noise, seed), head, "head_batch_norm")
    shares = head.hidden_dropout or (head.dropout,) * len(head.hidden)
    for number, (units, dropout) in enumerate(zip(head.hidden, shares, strict=True), start=1):
        x = _dropped(x, dropout, f"head_dropout_{number}", seed)
        x = _dense(units, head, f"head_dense_{number}", seed, "relu")(x)
        x = _normalised(x, head, f"head_batch_norm_{number}")
    x = _dropped(x, head.dropout, "head_dropout", seed)
    if head.solver is not None and head.solver.projects:  # Its weights are drawn as the classifier is solved.
        x = keras.layers.Dense(head.projection_units, activation="relu", name=PROJECTION)(x)
    return _dense(head.units(classes), head, CLASSIFIER, seed)(x)


def pooled(features: Any, pooling: Literal["avg", "max"], name: str) -> Any:
    """The mean or maximum of each channel over all positions, (batch, channels), as a layer of that name.

    Args:
        features: Keras tensor: feature maps (batch, height, width, channels), tokens (batch, tokens, channels), a vector
            (batch, channels), which stays as it is, or anything else with channels last.
    """
    layers, positions = keras.layers, len(features.shape) - 2
    if not positions:
        return layers.Identity(name=name)(features)
    if positions > 3:
        features = layers.Reshape((-1, features.shape[-1]), name=f"{name}_positions")(features)
        positions = 1
    kind = "Average" if pooling == "avg" else "Max"
    return getattr(layers, f"Global{kind}Pooling{positions}D")(name=name)(features)


def joined(maps: Sequence[Any], pooling: Literal["avg", "max"], mirror: bool = False) -> Any:
    """The pooled channels of several feature maps side by side, (images, channels), as the layer `POOLING`.

    Args:
        mirror: Whether the batch has each image and its mirror image, over which channels are averaged.
    """
    if len(maps) == 1 and not mirror:
        return pooled(maps[0], pooling, POOLING)
    every = [pooled(one, pooling, f"{POOLING}_{number}") for number, one in enumerate(maps, 1)]
    name = f"{POOLING}_joined" if mirror else POOLING
    vectors = keras.layers.Concatenate(name=name)(every) if len(every) > 1 else every[0]
    return averaged(vectors, POOLING) if mirror else vectors


def _noisy(x: Any, deviation: float, seed: int) -> Any:
    if not deviation:
        return x
    layers, name = keras.layers, "head_noise"
    if deviation <= LARGEST_NOISE:
        return layers.GaussianNoise(deviation, seed=seed_of(seed, name), name=name)(x)
    # A power of two: dividing and multiplying by it is exact.
    x = layers.Rescaling(1 / 8, name="head_noise_in")(x)
    x = layers.GaussianNoise(deviation / 8, seed=seed_of(seed, name), name=name)(x)
    return layers.Rescaling(8.0, name="head_noise_out")(x)


def _normalised(x: Any, head: HeadSpec, name: str) -> Any:
    return keras.layers.BatchNormalization(name=name)(x) if head.batch_norm else x


def _dropped(x: Any, share: float, name: str, seed: int) -> Any:
    return keras.layers.Dropout(share, seed=seed_of(seed, name), name=name)(x) if share else x


def _dense(units: int, head: HeadSpec, name: str, seed: int, activation: str | None = None) -> keras.layers.Dense:
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed_of(seed, name)),
        kernel_regularizer=_penalty(head, 0.0, head.l2),  # The L1 penalties are in `l1_penalties`.
        bias_regularizer=_penalty(head, 0.0, head.bias_l2),
        activity_regularizer=_penalty(head, head.activity_l1, head.activity_l2),  # Keras averages it over the batch.
        name=name,
    )


def l1_penalties(variables: Sequence[Any], head: HeadSpec) -> list[tuple[Any, float]]:
    """Pairs of a variable of a head and the factor of its L1 penalty, which proximal steps minimise (`engine.proximal`)."""
    factors = {} if head.solved else {"kernel": head.l1, "bias": head.bias_l1}
    return [(variable, factor) for variable in variables if (factor := factors.get(variable.name))]


def _penalty(head: HeadSpec, l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    # Solved classifiers add their own penalty, which must not count twice.
    return keras.regularizers.L1L2(l1, l2) if (l1 or l2) and not head.solved else None
