"""The compiled part of a bank: training steps and measurements of all its heads at once.

The gradient is written out: heads are small, and it is a product a layer. With z the logits of a head on a batch of n images, p their
softmax (or sigmoid) and t the labels, smoothed, the loss of a run falls along p - t, over n; below that is the chain rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tl_core.engine.backend import tf
from tl_core.engine.bank.stack import Layer, Penalty, Settings, Weights
from tl_core.engine.losses import cross_entropy, predicted

MEASURED_AT_ONCE = 256
"""Images that all heads look at together where they are measured; bounds the memory of hidden layers."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Those of keras.optimizers.Adam, which runs train with."""


def as_keras(steps: np.ndarray) -> np.ndarray:
    """What the rate of TensorFlow's fused Adam is multiplied with in each step, counted from 1, so that it moves weights as far as Keras.

    Of the moments the gradient adds 1 - beta. The fused kernel computes that in float32, where 1 - 0.999 is 1.3e-5 too small, Keras in
    float64; so over steps alike the second moment is smaller than Keras's by the quotient of their sums.
    """

    def sums(beta: float) -> tuple[np.ndarray, np.ndarray]:
        return 1 - beta**steps, 1 - float(np.float32(beta)) ** steps

    (first, first_fused), (second, second_fused) = sums(BETA_1), sums(BETA_2)
    return first / first_fused * np.sqrt(second_fused / second)


class Images(NamedTuple):
    """Features of images and their labels. features: float32, shape (images, inputs); labels: int64, shape (images,)."""

    features: Any
    labels: Any


class Epoch(NamedTuple):
    """What an epoch depends on beside weights and settings.

    Attributes:
        number: Counted from 1; int32.
        order: The images of each seed in the order in which it sees them: int32, shape (seeds, images).
        draws: The seed of each layer's dropout: int32, shape (layers, seeds).
        shares: The share of its rate that a head has in each step, times `as_keras`: float32, shape (steps,).
        before: How many steps were done before the epoch; float32.
    """

    number: Any
    order: Any
    draws: Any
    shares: Any
    before: Any


@dataclass(frozen=True)
class Program:
    """Functions that TensorFlow compiles when shapes are new; both return sums over images, of shape (places,).

    train: From layers, settings, images, epoch, batch size and a range of steps to losses (float64) and how many were told right
        (int64); moves the weights.
    measure: From layers, settings, images and positions among them, int32 of shape (seeds or 1, images), to the same in inference mode.
    """

    train: Callable[..., tuple[Any, Any]]
    measure: Callable[..., tuple[Any, Any]]


def compiled() -> Program:
    """New ones: what TensorFlow keeps of their graphs goes with them."""
    # Measured on a CPU with 64 linear heads: XLA took three times as long for an epoch.
    return Program(tf.function(_train, jit_compile=False), tf.function(_measure, jit_compile=False))


def _train(
    layers: Sequence[Layer], settings: Settings, images: Images, epoch: Epoch, batch: int, start: Any, stop: Any
) -> tuple[Any, Any]:
    losses, right = _nothing(settings)
    for step in tf.range(start, stop):
        chosen = epoch.order[:, step * batch : (step + 1) * batch]
        labels = tf.gather(tf.gather(images.labels, chosen), settings.stream[1])
        inputs = tf.gather(tf.gather(images.features, chosen), settings.stream[0])
        read, logits = _forward(layers, settings, inputs, _Draw(epoch, step))
        gradients = _backward(layers, settings, read, _slope(settings, logits, labels))
        _move(layers, settings, gradients, epoch.before + tf.cast(step + 1, tf.float32), epoch.shares[step])
        told = _told(logits, labels)
        losses, right = losses + told[0], right + told[1]
    return losses, right


def _measure(layers: Sequence[Layer], settings: Settings, images: Images, positions: Any) -> tuple[Any, Any]:
    losses, right = _nothing(settings)
    for start in tf.range(0, tf.shape(positions)[1], MEASURED_AT_ONCE):
        chosen = positions[:, start : start + MEASURED_AT_ONCE]
        inputs, labels = tf.gather(images.features, chosen), tf.gather(images.labels, chosen)
        if positions.shape[0] > 1:
            inputs, labels = tf.gather(inputs, settings.stream[0]), tf.gather(labels, settings.stream[1])
        _, logits = _forward(layers, settings, inputs)
        told = _told(logits, tf.broadcast_to(labels, tf.shape(logits)[:2]))
        losses, right = losses + told[0], right + told[1]
    return losses, right


def _nothing(settings: Settings) -> tuple[Any, Any]:
    places = settings.rate.shape[0]
    return tf.zeros(places, tf.float64), tf.zeros(places, tf.int64)


class _Draw(NamedTuple):
    """Says what dropout draws in a step: what Keras's layer draws in a run of the same seed."""

    epoch: Epoch
    step: Any

    def uniform(self, layer: int, stream: Any, shape: Any) -> Any:
        """Numbers of 0 to 1, a set for each entry of `stream`, equal where the seeds are."""
        draws, count = self.epoch.draws[layer], self.epoch.number + self.step
        drawn = [tf.random.stateless_uniform(shape, tf.stack([seed, count])) for seed in tf.unstack(draws)]
        return tf.gather(tf.stack(drawn), stream)


class _Read(NamedTuple):
    """What a layer is given, what dropout leaves of it, and what dropout multiplied it with (None: nothing)."""

    given: Any
    seen: Any
    kept: Any


def _forward(
    layers: Sequence[Layer], settings: Settings, inputs: Any, draw: _Draw | None = None
) -> tuple[list[_Read], Any]:
    """What each layer reads, and the logits: shape (places, batch, units).

    Args:
        inputs: Shape (rows, batch, inputs), or (1, batch, inputs) where all rows see the same.
        draw: None in inference mode.
    """
    read = []
    for number, layer in enumerate(layers):
        kept = _kept(settings, number, inputs, draw) if draw is not None else None
        seen = inputs if kept is None else inputs * kept
        read.append(_Read(inputs, seen, kept))
        product = tf.matmul(seen, layer.kernel.value)
        product = _one_by_one(product, layer.bias.value) if number == 0 else product
        outputs = settings.rate * (product + layer.bias.value)
        inputs = tf.nn.relu(outputs)
    return read, outputs


def _kept(settings: Settings, number: int, inputs: Any, draw: _Draw) -> Any:
    """What dropout multiplies the inputs of a layer with: 0, or what makes up for those at 0. None where no head drops any."""
    share = settings.dropout[number]
    if share is None:
        return None
    drawn = draw.uniform(number, settings.stream[min(number, 1)], tf.shape(inputs)[1:])
    return tf.where(drawn >= share, 1 / (1 - share), 0.0)


def _one_by_one(values: Any, like: Any) -> Any:
    """From heads side by side in rows, (rows, batch, width * units), to one after another: (places, batch, units)."""
    places, units = like.shape[0], like.shape[2]
    rows, width = values.shape[0], values.shape[2] // units
    apart = tf.reshape(values, (rows, -1, width, units))
    return tf.reshape(tf.transpose(apart, (0, 2, 1, 3)), (places, -1, units))


def _side_by_side(values: Any, rows: int) -> Any:
    """The reverse of `_one_by_one`."""
    places, units = values.shape[0], values.shape[2]
    apart = tf.reshape(values, (rows, places // rows, -1, units))
    return tf.reshape(tf.transpose(apart, (0, 2, 1, 3)), (rows, -1, places // rows * units))


def _told(logits: Any, labels: Any) -> tuple[Any, Any]:
    """Sums over a batch of the plain cross-entropy and of what was told right, of each place."""
    flat, answers = tf.reshape(logits, (-1, logits.shape[2])), tf.reshape(labels, [-1])
    losses = tf.reshape(cross_entropy(answers, flat), tf.shape(labels))
    right = tf.reshape(tf.equal(predicted(flat), answers), tf.shape(labels))
    return tf.reduce_sum(tf.cast(losses, tf.float64), 1), tf.reduce_sum(tf.cast(right, tf.int64), 1)


def _slope(settings: Settings, logits: Any, labels: Any) -> Any:
    """The derivative of what training lowers by the logits, of one image alone: of their shape."""
    units = logits.shape[2]
    wanted = tf.cast(labels[..., None], tf.float32) if units == 1 else tf.one_hot(labels, units)
    if settings.smoothing is not None:
        wanted += settings.smoothing * (1 / max(units, 2) - wanted)
    slope = (tf.sigmoid(logits) if units == 1 else tf.nn.softmax(logits)) - wanted
    if settings.class_weights is not None:
        slope *= tf.gather(settings.class_weights, labels)[..., None]
    return _penalised(slope, settings.activity, logits)


def _backward(layers: Sequence[Layer], settings: Settings, read: Sequence[_Read], slope: Any) -> list[tuple[Any, Any]]:
    """The gradients of kernel and bias of each layer, without penalties, from `_slope`."""
    images = tf.cast(tf.shape(slope)[1], tf.float32)
    gradients = []
    for number in reversed(range(len(layers))):
        kernel, (given, seen, kept) = layers[number].kernel.value, read[number]
        mean = slope / images
        beside = mean if number else _side_by_side(mean, kernel.shape[0])
        gradients.append((tf.matmul(seen, beside, transpose_a=True), tf.reduce_sum(mean, 1, keepdims=True)))
        if number:
            slope = settings.rate * tf.matmul(slope, kernel, transpose_b=True)
            slope = slope if kept is None else slope * kept
            slope = tf.where(given > 0, _penalised(slope, settings.activity, given), 0.0)
    return gradients[::-1]


def _penalised(gradient: Any, penalty: Penalty, values: Any) -> Any:
    """A gradient by some values, with that of their penalty."""
    if penalty.pull is not None:
        gradient += penalty.pull * values
    return gradient if penalty.push is None else gradient + penalty.push * tf.sign(values)


def _move(
    layers: Sequence[Layer], settings: Settings, gradients: Sequence[tuple[Any, Any]], steps: Any, share: Any
) -> None:
    """Adam's step (Kingma & Ba 2015) of all heads, the `steps`-th, at a share of their rates."""
    for number, (layer, (kernel, bias)) in enumerate(zip(layers, gradients, strict=True)):
        _adam(layer.kernel, _penalised(kernel, settings.kernels[number], layer.kernel.value), steps, share)
        _adam(layer.bias, _penalised(bias, settings.biases[number], layer.bias.value), steps, share)


def _adam(weights: Weights, gradient: Any, steps: Any, share: Any) -> None:
    tf.raw_ops.ResourceApplyAdam(
        var=weights.value.handle,
        m=weights.mean.handle,
        v=weights.square.handle,
        beta1_power=tf.pow(BETA_1, steps),
        beta2_power=tf.pow(BETA_2, steps),
        lr=share,
        beta1=BETA_1,
        beta2=BETA_2,
        epsilon=EPSILON,
        grad=gradient,
    )
