"""The weights and settings of many heads as arrays over a heads axis, by their `Layout`.

Weights are kept in units of their head's learning rate: u = w / rate. Adam's step is proportional to the rate and does not depend on it
otherwise, so one step with a rate of 1 moves every u as each w would move at a rate of its own, and TensorFlow's fused kernel, which
takes a single rate, does for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tl_core.engine.backend import keras, tf
from tl_core.engine.bank.layout import Layout, dropouts
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.engine.seeds import seed_of
from tl_core.experiment.spec import ExperimentSpec


class Weights(NamedTuple):
    """Variables of one kind in one layer, float32: the values, and Adam's two moments of the gradient.

    Kernels of the first layer: shape (rows, inputs, width * units); of others (places, inputs, units). Biases: (places, 1, units).
    """

    value: Any
    mean: Any
    square: Any


class Layer(NamedTuple):
    kernel: Weights
    bias: Weights


class Penalty(NamedTuple):
    """What the gradient of L1 and L2 is made of, broadcast to the weights it is for; None where no head has it.

    push: L1's factor, of the weight's sign. pull: twice L2's factor times the rate, of the weight in units of the rate.
    """

    push: Any
    pull: Any


class Settings(NamedTuple):
    """What heads differ in, float32 of shape (places, 1, 1); None where no head has it.

    Attributes:
        dropout: A layer each; of the first layer with shape (rows, 1, 1).
        kernels, biases: A layer each.
        activity: On outputs of layers; its `pull` is without the rate.
        stream: Which seed's images each row and each place sees: int32, shapes (rows,) and (places,).
        class_weights: How much an image of each class counts, shape (classes,).
    """

    rate: Any
    smoothing: Any
    dropout: tuple[Any, ...]
    kernels: tuple[Penalty, ...]
    biases: tuple[Penalty, ...]
    activity: Penalty
    stream: tuple[Any, Any]
    class_weights: Any


def sizes_of(spec: ExperimentSpec, inputs: int, units: int) -> list[tuple[int, int]]:
    """Inputs and outputs of each layer of a head."""
    widths = [inputs, *spec.head.hidden, units]
    return list(pairwise(widths))


def dense_names(layers: int) -> list[str]:
    """The names a run gives the layers, which its random draws depend on."""
    return [*(f"head_dense_{number}" for number in range(1, layers)), CLASSIFIER]


def dropout_names(layers: int) -> list[str]:
    """As `dense_names`, of the dropout before each."""
    return [*(f"head_dropout_{number}" for number in range(1, layers)), "head_dropout"]


def first_layers(
    specs: Sequence[ExperimentSpec], layout: Layout, sizes: Sequence[tuple[int, int]]
) -> tuple[Layer, ...]:
    """The weights that runs of these specs would begin with, and moments of nothing."""
    rates = np.array([spec.train.learning_rate for spec in specs], np.float32)[:, None, None]
    layers = []
    for number, (name, shape) in enumerate(zip(dense_names(len(sizes)), sizes, strict=True)):
        drawn = {seed: _glorot(seed_of(seed, name), shape) for seed in layout.seeds}
        kernels = np.stack([drawn[spec.train.seed] for spec in specs]) / rates
        biases = np.zeros((len(specs), 1, shape[1]), np.float32)
        layers.append(Layer(_new(placed(kernels, layout, number == 0)), _new(placed(biases, layout))))
    return tuple(layers)


def _glorot(seed: int, shape: tuple[int, int]) -> np.ndarray:
    return np.asarray(keras.initializers.GlorotUniform(seed=seed)(shape, dtype="float32"))


def _new(values: np.ndarray) -> Weights:
    return _variables((values, np.zeros_like(values), np.zeros_like(values)))


def _variables(values: Iterable[np.ndarray]) -> Weights:
    return Weights(*(tf.Variable(value, trainable=False) for value in values))


def placed(heads: np.ndarray, layout: Layout, side_by_side: bool = False) -> np.ndarray:
    """Arrays of heads, shape (heads, inputs, units), put where the layout has them: as the kernels of a first layer, or one after another."""
    if not side_by_side:
        return heads[layout.places.ravel()]
    rows, width = layout.places.shape
    return heads[layout.places].transpose(0, 2, 1, 3).reshape(rows, heads.shape[1], width * heads.shape[2])


def taken(values: np.ndarray, layout: Layout, side_by_side: bool = False) -> np.ndarray:
    """The reverse of `placed`."""
    if side_by_side:
        rows, width = layout.places.shape
        values = values.reshape(rows, values.shape[1], width, -1).transpose(0, 2, 1, 3)
        values = values.reshape(rows * width, *values.shape[2:])
    return values[layout.first]


def moved(layers: Sequence[Layer], before: Layout, kept: Sequence[int], after: Layout) -> tuple[Layer, ...]:
    """Some of the heads in a layout of their own, with their moments.

    Args:
        kept: Numbers of heads in the layout before, in the order in which the layout after counts them.
    """

    def again(weights: Weights, side_by_side: bool = False) -> Weights:
        heads = (taken(variable.numpy(), before, side_by_side)[list(kept)] for variable in weights)
        return _variables(placed(values, after, side_by_side) for values in heads)

    return tuple(Layer(again(layer.kernel, number == 0), again(layer.bias)) for number, layer in enumerate(layers))


def settings_of(
    specs: Sequence[ExperimentSpec], layout: Layout, sizes: Sequence[tuple[int, int]], class_weights: np.ndarray | None
) -> Settings:
    """What the heads of these specs differ in, at their places."""

    def each(value: Callable[[ExperimentSpec], float]) -> np.ndarray | None:
        values = np.array([value(spec) for spec in specs], np.float32)
        return values[layout.places.ravel()][:, None, None] if values.any() else None

    rate = each(lambda spec: spec.train.learning_rate)
    kernels = _penalty(each(lambda spec: spec.head.l1), each(lambda spec: spec.head.l2), rate)
    biases = _penalty(each(lambda spec: spec.head.bias_l1), each(lambda spec: spec.head.bias_l2), rate)
    first = Penalty(*(_side_by_side(values, layout, sizes[0][1]) for values in kernels))
    shares = [each(lambda spec, number=number: dropouts(spec.head)[number]) for number in range(len(sizes))]  # type: ignore[misc]
    rows = None if shares[0] is None else shares[0][:: layout.places.shape[1]]
    streams = (layout.stream, np.repeat(layout.stream, layout.places.shape[1]))
    return Settings(
        rate=_tensor(rate),
        smoothing=_tensor(each(lambda spec: spec.loss.label_smoothing)),
        dropout=(_tensor(rows), *map(_tensor, shares[1:])),
        kernels=(_tensors(first), *[_tensors(kernels)] * (len(sizes) - 1)),
        biases=(_tensors(biases),) * len(sizes),
        activity=_tensors(_penalty(each(lambda spec: spec.head.activity_l1), each(lambda spec: spec.head.activity_l2))),
        stream=tuple(tf.constant(stream, tf.int32) for stream in streams),
        class_weights=_tensor(class_weights),
    )


def _penalty(l1: np.ndarray | None, l2: np.ndarray | None, rate: np.ndarray | float | None = 1.0) -> Penalty:
    return Penalty(l1, None if l2 is None else 2 * l2 * rate)


def _side_by_side(values: np.ndarray | None, layout: Layout, units: int) -> np.ndarray | None:
    """From a number a place to one a column of the first layer's kernels: shape (rows, 1, width * units)."""
    return None if values is None else np.repeat(values.reshape(len(layout.places), 1, -1), units, axis=2)


def _tensors(penalty: Penalty) -> Penalty:
    return Penalty(*map(_tensor, penalty))


def _tensor(values: np.ndarray | None) -> Any:
    return None if values is None else tf.constant(values, tf.float32)
