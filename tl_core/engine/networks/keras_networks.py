"""Networks of `keras.applications` as this lab needs them: without their own scaling of pixels, and without models inside the model.

Most of Keras's functions give just that. Others are copied layer by layer; their files are read into Keras's own network first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tl_core.backbones.row import Application, Backbone
from tl_core.backbones.scaling import Scaling
from tl_core.engine.backend import keras

layers = keras.layers

Found = TypeVar("Found")


def output_of(application: Application, pixels: keras.KerasTensor) -> keras.KerasTensor:
    """The last feature map on scaled pixels, with random weights."""
    if not application.copied:
        return _called(application, pixels).output
    original = _called(application, keras.Input(pixels.shape[1:]))
    if application.scaled_by:
        original = keras.Model(original.get_layer(application.scaled_by).output, original.output)
    return _copied(original, pixels)


def with_fresh_names(build: Callable[[], Found]) -> Found:
    """Builds layers that have the same names each time: Keras numbers unnamed ones (conv2d_57) per thread, from zero."""
    with ThreadPoolExecutor(max_workers=1) as fresh_thread:
        return fresh_thread.submit(build).result()


def read_file(network: keras.Model, backbone: Backbone, path: Path) -> None:
    """Loads a file that Keras's network or this one was saved to.

    Raises ValueError, OSError, KeyError or TypeError if it is a file of another network or of other pixels.
    """
    application = backbone.application
    if application is None or not application.copied:
        network.load_weights(path)
        return
    original = with_fresh_names(lambda: _called(application, keras.Input(network.input.shape[1:])))
    try:
        original.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        try:
            network.load_weights(path)  # Saved from a network of the lab.
        except (ValueError, OSError, KeyError, TypeError):
            raise error from None
        return
    if application.scaled_by:
        check_scaling(original.get_layer(application.scaled_by), backbone.scaling)
    values = {layer.name: layer.get_weights() for layer in leaves(original)}
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(values[layer.name])


def original_outline(application: Application, size: int) -> keras.Model:
    """Keras's own network without values in its weights, to read shapes from."""

    def build_without_values() -> keras.Model:
        with keras.StatelessScope(initialize_variables=False):
            return _called(application, keras.Input((size, size, 3)))

    return with_fresh_names(build_without_values)


def _called(application: Application, pixels: keras.KerasTensor) -> keras.Model:
    function = getattr(keras.applications, application.function)
    return function(include_top=False, weights=None, input_tensor=pixels, **dict(application.arguments))


def _copied(model: keras.Model, pixels: keras.KerasTensor) -> keras.KerasTensor:
    """The output of new layers like those of a model, with the same names, on other pixels.

    Layers of a `Sequential` inside become layers of the whole. A shortcut `x + branch` that is no layer becomes one, named NAME_add if the
    last layer of the branch is NAME_identity.
    """
    branches: dict[int, str] = {}
    made: list[keras.KerasTensor] = []

    def call(operation: Any, *inputs: Any, **options: Any) -> Any:
        made.append(result(operation, *inputs, **options))
        return made[-1]

    def result(operation: Any, *inputs: Any, **options: Any) -> Any:
        if isinstance(operation, keras.Sequential):
            (x,) = inputs
            for layer in operation.layers:
                x = _like(layer)(x)
            return x
        if len(inputs) == 2 and id(inputs[1]) in branches:
            return layers.Add(name=f"{branches[id(inputs[1])]}_add")(list(inputs))
        x = operation(*inputs, **options)
        if operation.name.endswith("_identity"):
            branches[id(x)] = operation.name.removesuffix("_identity")
        return x

    # The output of the clone itself hangs on a new input in place of `pixels`.
    keras.models.clone_model(model, input_tensors=pixels, clone_function=_like, call_function=call)
    return made[-1]


def _like(operation: Any) -> Any:
    """A new layer with the same settings; what is no layer has no weights, and serves again."""
    is_layer = isinstance(operation, layers.Layer) and not isinstance(operation, keras.Model)
    return type(operation).from_config(operation.get_config()) if is_layer else operation


def leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a model and of the models inside it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def check_scaling(normalisation: keras.layers.Normalization, scaling: Scaling) -> None:
    """Raises ValueError if a file of Keras's EfficientNet, loaded into this layer, holds another scaling than that of the row.

    These files contain the standard deviation where the layer takes the variance. Keras divides by its root once more to make up
    for it (keras/src/applications/efficientnet.py), so that both together are the row's scaling.
    """
    mean, deviation = np.ravel(normalisation.mean), np.ravel(normalisation.variance)
    if not (np.allclose(mean * 255, scaling.mean) and np.allclose(deviation * 255, 1 / np.asarray(scaling.scale))):
        message = f"its pixels are scaled by mean {np.round(mean, 3)} and variance {np.round(deviation, 3)}, not as ImageNet's"
        raise ValueError(message)
