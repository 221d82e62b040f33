"""The network of many heads: the layers of `tl_core.engine.networks.head.attach`, with weights stacked along a heads axis.

See `Layout` for the axes of arrays. Computations are in inference mode unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tl_core.engine.backend import keras, tf
from tl_core.engine.bank.layout import Layout, dropouts
from tl_core.engine.losses import cross_entropy, lowered, predicted
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.engine.seeds import layer_seed, seed_of
from tl_core.experiment.spec import ExperimentSpec
from tl_core.results.head_bank import PER_HEAD

NOISE = "head_noise"

BATCH_NORM_EPSILON = 1e-3
"""Keras's."""

_KERAS_SEEDS = 2**31 - 2
"""Keras takes the seed of a draw modulo this."""


class Dense(NamedTuple):
    """A dense layer: its name and that of the dropout layer before it in a run; kernel, shape (rows, inputs, width, units), and bias.

    dropout: The rate of each head, broadcastable; None if no head has dropout.
    """

    name: str
    dropout_name: str
    dropout: Any
    kernel: Any
    bias: Any

    @property
    def weights(self) -> tuple[tuple[str, Any], tuple[str, Any]]:
        """Kernel and bias with the prefix of their penalties' settings."""
        return ("", self.kernel), ("bias_", self.bias)


class BatchNorm(NamedTuple):
    """Weights and moving statistics, each of shape (rows, 1, width, units)."""

    gamma: Any
    beta: Any
    mean: Any
    variance: Any


@dataclass(frozen=True)
class Network:
    """Heads of one structure.

    Attributes:
        norms: Of the features and of each hidden layer; empty without batch normalisation.
        settings: Per-head settings, by the paths of `PER_HEAD`: float32 of shape (rows, 1, width, 1); None if off in all heads.
    """

    layout: Layout
    layers: tuple[Dense, ...]
    norms: tuple[BatchNorm, ...]
    settings: Mapping[str, Any]

    @property
    def trainable(self) -> list[Any]:
        weights = [weight for layer in self.layers for weight in (layer.kernel, layer.bias)]
        return weights + [weight for norm in self.norms for weight in (norm.gamma, norm.beta)]

    @property
    def weights(self) -> list[Any]:
        return self.trainable + [statistic for norm in self.norms for statistic in (norm.mean, norm.variance)]

    @property
    def random_layers(self) -> dict[str, int]:
        """The layers that draw random numbers, by their names in a run, with the size of their inputs."""
        random = {layer.dropout_name: layer.kernel.shape[1] for layer in self.layers if layer.dropout is not None}
        if self.settings["head.noise"] is not None:
            random[NOISE] = self.layers[0].kernel.shape[1]
        return random

    def draw_seeds(self, epoch: int) -> np.ndarray:
        """The seeds of the layers' generators in an epoch: int32, shape (random layers, seeds)."""
        seeds = [
            [layer_seed(seed, name, epoch) % _KERAS_SEEDS for seed in self.layout.seeds] for name in self.random_layers
        ]
        return np.array(seeds, np.int32).reshape(len(seeds), len(self.layout.seeds))

    def draws(self, seeds: Any, step: Any, batch: int) -> dict[str, Any]:
        """The random numbers of a training step, by layer: shape (rows, batch, 1, inputs).

        They equal those that Keras's layers draw in a run with the same seed. A batch of a run that has an image less uses the first of them.

        Args:
            seeds: `draw_seeds` of the epoch.
            step: The step within the epoch, from 0.
        """
        drawn = {}
        for place, (name, inputs) in enumerate(self.random_layers.items()):
            numbers = tf.random.stateless_normal if name == NOISE else tf.random.stateless_uniform
            of_seeds = tf.stack(
                [
                    numbers((batch, 1, inputs), tf.stack([seeds[place, number], step]))
                    for number in range(len(self.layout.seeds))
                ]
            )
            drawn[name] = tf.gather(of_seeds, tf.constant(self.layout.seed_of_row))
        return drawn

    def forward(
        self, x: Any, draws: Mapping[str, Any] | None = None, shares: Any = None, momentum: Any = None
    ) -> tuple[Any, list[Any]]:
        """Logits, and the outputs of every layer.

        Args:
            x: Features, shape (rows or 1, images, 1, inputs).
            draws, shares, momentum: In training mode, the result of `draws`, the weight of each image, float32, shape (images,), and the
                `statistics_momentum` of the step.
        """
        outputs, drawn = [], draws or {}
        if NOISE in drawn:
            x = x + self.settings["head.noise"][:, :, :1] * drawn[NOISE]
        for number, layer in enumerate(self.layers):
            if self.norms:
                x = _normalised(x, self.norms[number], shares, momentum)
            if layer.dropout_name in drawn:
                x = x * tf.where(drawn[layer.dropout_name] >= layer.dropout, 1 / (1 - layer.dropout), 0.0)
            x = _product(x, layer.kernel.value) + layer.bias.value
            x = x if layer is self.layers[-1] else tf.nn.relu(x)
            outputs.append(x)
        return x, outputs

    def losses(self, logits: Any, labels: Any, class_weights: np.ndarray | None) -> tuple[Any, Any, Any]:
        """For each image and head: plain cross-entropy, the loss that training minimises, whether the prediction is correct.

        Args:
            labels: int64, shape (rows, images, 1).
        """
        shape, flat = tf.shape(logits)[:3], tf.reshape(logits, (-1, logits.shape[3]))
        answers, smoothing = tf.reshape(tf.broadcast_to(labels, shape), [-1]), self.settings["loss.label_smoothing"]
        if smoothing is not None:
            smoothing = tf.reshape(tf.broadcast_to(smoothing[..., 0], shape), [-1])
        plain = cross_entropy(answers, flat)
        wanted = lowered(smoothing, class_weights, plain, flat, answers)
        return tuple(tf.reshape(values, shape) for values in (plain, wanted, tf.equal(predicted(flat), answers)))

    @property
    def l1(self) -> list[Any]:
        """The factor of the L1 penalty of each trainable weight, as in `settings`; proximal steps minimise these penalties."""
        of_layer = [self.settings["head.l1"], self.settings["head.bias_l1"]]
        return of_layer * len(self.layers) + [None, None] * len(self.norms)

    def l1_penalty(self) -> Any:
        """The L1 penalty on kernels and biases of each head, shape (rows, 1, width, 1)."""
        pairs = zip(self.trainable, self.l1, strict=True)
        return self._summed((factor, tf.abs(weight.value)) for weight, factor in pairs)

    def smooth_penalty(self, outputs: Sequence[Any], shares: Any) -> Any:
        """The other penalties, which have gradients, in the same shape; those on activity are weighted averages over images."""
        of = self.settings.__getitem__
        squared = [(of(f"head.{kind}l2"), weight) for layer in self.layers for kind, weight in layer.weights]
        weights = ((factor, tf.square(weight.value)) for factor, weight in squared)
        share = shares[:, None, None]
        activity = (
            (of(f"head.activity_{norm}"), share * function(output))
            for output in outputs
            for norm, function in (("l1", tf.abs), ("l2", tf.square))
        )
        return self._summed([*weights, *activity])

    def _summed(self, terms: Iterable[tuple[Any, Any]]) -> Any:
        """The sum of values times a factor, for each head; terms whose factor is None count nothing."""
        total = tf.zeros((self.layout.places.shape[0], 1, self.layout.places.shape[1], 1))
        for factor, values in terms:
            if factor is not None:
                total += factor * tf.reduce_sum(values, [1, 3], keepdims=True)
        return total


def network_of(specs: Sequence[ExperimentSpec], layout: Layout, sizes: Sequence[tuple[int, int]]) -> Network:
    """Heads with the initial weights of their runs, under the layer names that determine their random numbers."""

    def filled(name: str, units: int, value: float) -> Any:
        return keras.Variable(layout.stacked(np.full((len(specs), 1, units), value, np.float32)), name=name)

    settings = _settings(specs, layout)
    names = [*((f"head_dense_{at}", f"head_dropout_{at}") for at in range(1, len(sizes))), (CLASSIFIER, "head_dropout")]
    layers = []
    for number, ((name, dropout_name), shape) in enumerate(zip(names, sizes, strict=True)):
        of_seed = {seed: keras.initializers.GlorotUniform(seed_of(seed, name))(shape) for seed in layout.seeds}
        kernels = np.stack([np.asarray(of_seed[spec.train.seed]) for spec in specs])
        dropout = _per_head([dropouts(spec.head)[number] for spec in specs], 0.0, layout)
        if number == 0 and dropout is not None:  # The same for all heads of a row, which share inputs.
            dropout = dropout[:, :, :1]
        kernel = keras.Variable(layout.stacked(kernels), name="kernel")
        layers.append(Dense(name, dropout_name, dropout, kernel, filled("bias", shape[1], 0)))
    first = {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}
    norms = [BatchNorm(*(filled(name, units, value) for name, value in first.items())) for units, _ in sizes]
    return Network(layout, tuple(layers), tuple(norms) if specs[0].head.batch_norm else (), settings)


def sizes_of(spec: ExperimentSpec, inputs: int, units: int) -> list[tuple[int, int]]:
    """Inputs and outputs of each layer of a head."""
    return list(pairwise([inputs, *spec.head.hidden, units]))


def _settings(specs: Sequence[ExperimentSpec], layout: Layout) -> dict[str, Any]:
    values = [spec.flat() for spec in specs]
    return {path: _per_head([of[path] for of in values], off, layout) for path, off in PER_HEAD.items()}


def _per_head(values: Sequence[float | None], off: float | None, layout: Layout) -> Any:
    """A setting, broadcastable along images and units; None if it is off in all heads. If it is off in some, their value is infinity."""
    if all(value == off for value in values):
        return None
    numbers = np.array([np.inf if value is None else value for value in values], np.float32)
    return tf.constant(layout.stacked(numbers[:, None, None]))


def _product(x: Any, kernel: Any) -> Any:
    """Shape (rows, images, width, units). x: (rows or 1, images, width or 1, inputs)."""
    rows, inputs, width, units = kernel.shape
    if x.shape[2] == 1:
        product = tf.matmul(x[:, :, 0], tf.reshape(kernel, (rows, inputs, width * units)))
        return tf.reshape(product, (rows, -1, width, units))
    return tf.einsum("rbwd,rdwu->rbwu", x, kernel)


def _normalised(x: Any, norm: BatchNorm, shares: Any, momentum: Any) -> Any:
    mean, variance = norm.mean.value, norm.variance.value
    if shares is not None:
        mean, variance = tf.nn.weighted_moments(x, [1], shares[:, None, None], keepdims=True)
        for statistic, of_batch in ((norm.mean, mean), (norm.variance, variance)):
            statistic.assign(statistic.value * momentum + of_batch * (1 - momentum))
    return tf.nn.batch_normalization(x, mean, variance, norm.beta.value, norm.gamma.value, BATCH_NORM_EPSILON)
