"""The layers and weights of networks of your own, from `.keras` files."""

from __future__ import annotations

import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.backbones.keras_file import read_config
from tl_core.backbones.keras_graph import Config
from tl_core.engine.backend import keras
from tl_core.engine.networks.keras_networks import leaves, with_fresh_names
from tl_core.errors import BadInput
from tl_core.text import data_sizes

layers = keras.layers

BYTES, SLACK = 2, 1_000_000
"""A weight takes at least so many bytes in a file (half precision), but for the few in so many bytes."""

UNUSABLE = (ValueError, TypeError, LookupError, OSError, AttributeError, RuntimeError, NotImplementedError)
"""What Keras raises for a file whose description and weights do not fit together."""


def output_of(path: Path, pixels: keras.KerasTensor) -> keras.KerasTensor:
    """The last feature map of an added network on scaled pixels, with random weights."""
    return flattened(_outline(read_config(path)), pixels)


def load(network: keras.Model, path: Path) -> None:
    """Gives the layers of a network that was built from a file the weights in it; raises BadInput, see `opened`."""
    copy_weights(opened(path), network)


def opened(path: Path) -> keras.Model:
    """The network in a `.keras` file with its weights: one input, one output, float32.

    Raises:
        BadInput: see `read_config`; or Keras cannot make it, its weights do not fit, or they are not all numbers.
    """
    config = read_config(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of weights of an optimiser, which is not made.
            _check_size(path, config)
            whole = _made(config)
            whole.load_weights(path)
            network = _single(whole)
    except UNUSABLE as error:
        reason = " ".join(str(error).split())[:300]
        raise BadInput.of(str(path), f"cannot be added: Keras cannot load it ({reason})", "Save it again.") from error
    if not all(np.isfinite(values).all() for values in network.get_weights()):
        raise BadInput.of(str(path), "cannot be added: some of its weights are NaN or infinite")
    return network


def flattened(model: keras.Model, pixels: keras.KerasTensor) -> keras.KerasTensor:
    """The output of new layers like those of a model, with the same names, on other pixels; models inside become layers of the whole."""
    made: list[keras.KerasTensor] = []

    def call(operation: Any, *inputs: Any, **options: Any) -> Any:
        if isinstance(operation, keras.Model):
            made.append(flattened(operation, inputs[0][0] if isinstance(inputs[0], list | tuple) else inputs[0]))
        else:
            made.append(operation(*inputs, **options))
        return made[-1]

    # The output of the clone itself hangs on a new input in place of `pixels`.
    keras.models.clone_model(_single(model), input_tensors=pixels, clone_function=_like, call_function=call)
    return made[-1]


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives the layers of a flat network the weights of the layers of the same names, also of models inside the source."""
    values = {layer.name: layer.get_weights() for layer in leaves(source)}
    for layer in target.layers:
        if layer.weights:
            layer.set_weights(values[layer.name])


def _check_size(path: Path, config: Config) -> None:
    """Raises ValueError if the layers are much larger than the file, before they take memory."""
    needed, there = BYTES * _outline(config).count_params(), path.stat().st_size
    if needed > there + SLACK:
        least, size = data_sizes(needed, there)
        raise ValueError(f"its layers have weights of at least {least}, the file has {size}")


def _outline(config: Config) -> keras.Model:
    """The network without values in its weights."""

    def make() -> keras.Model:
        with keras.StatelessScope(initialize_variables=False):
            return _single(_made(config))

    return with_fresh_names(
        make
    )  # In a thread of its own: Keras keeps a list for each of variables to be given values later.


def _made(config: Config) -> keras.Model:
    return keras.saving.deserialize_keras_object(deepcopy(config), safe_mode=True)  # Keras takes the config apart.


def _single(model: keras.Model) -> keras.Model:
    """A `Sequential`, or a model whose input or output is a list, as one from a tensor to a tensor."""
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _like(operation: Any) -> Any:
    """A new layer with the same settings. What is no layer has no weights, and serves again; a model is taken apart where it is called."""
    if isinstance(operation, layers.Normalization):
        return _as_rescaling(operation)
    is_layer = isinstance(operation, layers.Layer) and not isinstance(operation, keras.Model)
    return type(operation).from_config(operation.get_config()) if is_layer else operation


def _as_rescaling(layer: keras.layers.Normalization) -> keras.layers.Rescaling:
    """The same as constants: a `Normalization` computes with copies of its weights, which others than Keras's loading leave as they were."""
    mean, deviation = np.ravel(layer.mean), np.maximum(np.sqrt(np.ravel(layer.variance)), keras.config.epsilon())
    scale, offset = (deviation, mean) if layer.invert else (1 / deviation, -mean / deviation)
    return layers.Rescaling(scale.tolist(), offset.tolist(), name=layer.name)
