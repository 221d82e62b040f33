"""Loads the tensors of a PyTorch archive into a network of `inverted_residuals`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks import torch_archive
from tl_core.errors import RunFailed

BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class TensorNames:
    """What an archive calls a layer; its tensors are named `<that>.weight` and so on.

    Attributes:
        outside: By the name of a layer outside the blocks.
        in_block: Of a layer in a block: from the block's number, counted from 0 over all stages, and the rest of the layer's name ("expand_bn").
    """

    outside: Mapping[str, str]
    in_block: Callable[[int, str], str]


def load(network: keras.Model, archive: Path, names: TensorNames) -> None:
    """Loads an archive's weights into a network, with or without its classifier.

    Raises:
        BadInput: it is no archive of tensors; see `torch_archive.read`.
        RunFailed: it belongs to another network: a tensor is missing or has another shape.
    """
    tensors = torch_archive.read(archive)
    try:
        found = {layer.name: _values(layer, name, tensors) for layer, name in _named(network, names)}
    except ValueError as error:
        raise RunFailed(f"{archive} does not contain weights of {network.name}: {error}") from error
    for name, values in found.items():
        network.get_layer(name).set_weights(values)


def _named(network: keras.Model, names: TensorNames) -> list[tuple[keras.layers.Layer, str]]:
    """The layers with weights, each with its name in the archive."""
    weighted = [layer for layer in network.layers if layer.weights]
    blocks = sorted({_block(layer.name) for layer in weighted if layer.name not in names.outside})
    return [
        (
            layer,
            names.outside.get(layer.name)
            or names.in_block(blocks.index(_block(layer.name)), layer.name.partition("_")[2]),
        )
        for layer in weighted
    ]


def _block(layer: str) -> str:
    """block3b_expand_bn -> block3b. Names of blocks are in alphabetical order: no network has ten stages."""
    return layer.partition("_")[0]


def _values(layer: keras.layers.Layer, name: str, tensors: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """A layer's weights, in its own order; raises ValueError if they are not there in their shapes."""
    parts = BATCH_NORM if isinstance(layer, keras.layers.BatchNormalization) else ("weight", "bias")
    values = []
    for variable, part in zip(layer.weights, parts, strict=False):  # A convolution has no bias.
        if (key := f"{name}.{part}") not in tensors:
            raise ValueError(f"it has no tensor {key!r}")
        value = _in_keras_order(tensors[key])
        if value.shape != tuple(variable.shape):
            raise ValueError(f"{key} has the shape {value.shape} instead of {tuple(variable.shape)}")
        values.append(value)
    return values


def _in_keras_order(values: np.ndarray) -> np.ndarray:
    if values.ndim == 4:
        # PyTorch has (out, in, height, width); "in" of a depthwise filter is 1 and comes last in Keras.
        return values.transpose(2, 3, 0, 1) if values.shape[1] == 1 else values.transpose(2, 3, 1, 0)
    return values.T
