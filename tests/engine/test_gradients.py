"""Faster gradients of convolutions are TensorFlow's own, to rounding, in every form in which networks use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.each import for_each
from tl_core.engine.backend import keras, tf
from tl_core.engine.gradients import fast_gradients

RANDOM = np.random.default_rng(0)
CHANNELS = 6


def _convolution(*arguments: Any, **options: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Conv2D(8, *arguments, **options)


def _depthwise(*arguments: Any, **options: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.DepthwiseConv2D(*arguments, **options)


FORMS: dict[str, tuple[Callable[[], keras.layers.Layer], int]] = {
    "1 x 1": (_convolution(1), 7),
    "1 x 1 with a stride": (_convolution(1, strides=2), 7),
    "1 x 1 of one pixel": (_convolution(1), 1),
    "3 x 3": (_convolution(3, padding="same"), 7),
    "3 x 3 with a stride, unpadded": (_convolution(3, strides=2), 8),
    "3 x 3 dilated": (_convolution(3, padding="same", dilation_rate=2), 8),
    "3 x 3 in groups": (_convolution(3, padding="same", groups=2), 7),
    "depthwise 3": (_depthwise(3, padding="same"), 7),
    "depthwise 5 on a smaller map": (_depthwise(5, padding="same"), 3),
    "depthwise of an even kernel": (_depthwise(4, padding="same"), 7),
    "depthwise with a stride, even size": (_depthwise(3, strides=2, padding="same"), 8),
    "depthwise with a stride, odd size": (_depthwise(5, strides=2, padding="same"), 7),
    "depthwise unpadded": (_depthwise(3), 7),
    "depthwise dilated": (_depthwise(3, padding="same", dilation_rate=2), 8),
    "depthwise, two filters a channel": (_depthwise(3, padding="same", depth_multiplier=2), 7),
    "separable": (lambda: keras.layers.SeparableConv2D(8, 3, padding="same"), 7),
}


def gradients(layer: keras.layers.Layer, inputs: Any, fast: bool) -> tuple[list[np.ndarray], set[str]]:
    """Gradients of a sum of squares by inputs and weights, for any number of images; the operations of the graph."""

    def loss(inputs: Any) -> Any:
        return tf.reduce_sum(tf.square(layer(inputs)))

    def by_all(inputs: Any) -> list[Any]:
        wanted = [inputs, *(variable.value for variable in layer.trainable_variables)]
        if not fast:
            return list(tf.gradients(loss(inputs), wanted))
        with fast_gradients():
            return list(tf.gradients(loss(inputs), wanted))

    signature = [tf.TensorSpec((None, *inputs.shape[1:]), tf.float32)]
    graph = tf.function(by_all, input_signature=signature).get_concrete_function()
    return [np.asarray(value) for value in graph(inputs)], {op.type for op in graph.graph.get_operations()}


@for_each("form", FORMS)
def test_every_form_of_convolution_has_the_gradients_that_tensorflow_has(form: str) -> None:
    build, size = FORMS[form]
    layer, inputs = build(), tf.constant(RANDOM.normal(size=(3, size, size, CHANNELS)), tf.float32)
    layer.build(inputs.shape)
    for found, expected in zip(gradients(layer, inputs, True)[0], gradients(layer, inputs, False)[0], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_gradients_of_pointwise_convolutions_are_products_of_matrices() -> None:
    layer, inputs = keras.layers.Conv2D(8, 1), tf.zeros((2, 5, 5, CHANNELS))
    layer.build(inputs.shape)
    assert "Conv2DBackpropInput" in gradients(layer, inputs, False)[1]
    if not tf.config.list_physical_devices("GPU"):
        assert not {"Conv2DBackpropInput", "Conv2DBackpropFilter"} & gradients(layer, inputs, True)[1]
