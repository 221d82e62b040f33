"""Gradients of convolutions by operations that a processor runs faster than those TensorFlow takes (docs/performance.md). Specific to TensorFlow.

    by the input     of a convolution with stride 1: the convolution of the gradient with the kernel turned round
    by the kernel    of a 1 x 1 convolution: a product of matrices
                     of a depthwise convolution: TensorFlow's kernel, never oneDNN's, which on maps of a few pixels takes ten times as long

The same sums in another order, so the same gradients to rounding; the forward pass is the same to the bit. Other convolutions, other
precisions and GPUs have TensorFlow's own gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tl_core.engine.backend import tf

_GRADIENTS = {"Conv2D": "FastGradientOfConv2D", "DepthwiseConv2dNative": "FastGradientOfDepthwiseConv2d"}
"""TensorFlow's names of operations, and the names under which their gradients are registered here."""


@contextmanager
def fast_gradients() -> Iterator[None]:
    """A context, within the building of a graph, whose convolutions have these gradients.

    `tf.gradients` takes them, `tf.GradientTape` does not.
    """
    names = {} if tf.config.list_physical_devices("GPU") else _GRADIENTS
    with tf.compat.v1.get_default_graph().gradient_override_map(names):
        yield


@tf.RegisterGradient(_GRADIENTS["Conv2D"])
def _of_convolution(op: Any, gradient: Any) -> tuple[Any, Any]:
    inputs, kernel = op.inputs
    options = _options(op, "explicit_paddings", "use_cudnn_on_gpu")
    whole = kernel.shape[2] == inputs.shape[3]  # Not in groups of channels.
    if whole and _keeps_size(op):
        turned = tf.reverse(tf.transpose(kernel, (0, 1, 3, 2)), (0, 1))
        by_input = tf.raw_ops.Conv2D(input=gradient, filter=turned, **options)
    else:
        by_input = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(inputs), filter=kernel, out_backprop=gradient, **options
        )
    if whole and _keeps_size(op) and kernel.shape[:2] == (1, 1):
        rows, gradients = (tf.reshape(of, (-1, of.shape[3])) for of in (inputs, gradient))
        return by_input, tf.reshape(tf.matmul(rows, gradients, transpose_a=True), kernel.shape)
    by_kernel = tf.raw_ops.Conv2DBackpropFilter(
        input=inputs, filter_sizes=kernel.shape, out_backprop=gradient, **options
    )
    return by_input, by_kernel


@tf.RegisterGradient(_GRADIENTS["DepthwiseConv2dNative"])
def _of_depthwise(op: Any, gradient: Any) -> tuple[Any, Any]:
    inputs, kernel = op.inputs
    options = _options(op)
    if kernel.shape[3] == 1 and _keeps_size(op):
        by_input = tf.raw_ops.DepthwiseConv2dNative(input=gradient, filter=tf.reverse(kernel, (0, 1)), **options)
    else:
        by_input = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
            input_sizes=tf.shape(inputs), filter=kernel, out_backprop=gradient, **options
        )
    by_kernel = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=inputs, filter_sizes=kernel.shape, out_backprop=gradient, **_padded_by_number(op, options)
    )
    return by_input, by_kernel


def _keeps_size(op: Any) -> bool:
    """Whether each pixel of the output is at the centre of what the kernel sees, in float32: what turning the kernel round needs."""
    inputs, kernel = op.inputs
    return (
        inputs.dtype == tf.float32
        and op.get_attr("data_format") == b"NHWC"
        and list(op.get_attr("strides")) == [1, 1, 1, 1]
        and all(side % 2 for side in kernel.shape[:2])
        and (op.get_attr("padding") == b"SAME" or kernel.shape[:2] == (1, 1))
    )


def _options(op: Any, *others: str) -> dict[str, Any]:
    return {name: op.get_attr(name) for name in ("strides", "padding", "data_format", "dilations", *others)}


def _padded_by_number(op: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Options with the padding as numbers: oneDNN leaves such an operation to TensorFlow."""
    inputs, kernel = op.inputs
    if inputs.dtype != tf.float32 or options["data_format"] != b"NHWC" or None in inputs.shape[1:3]:
        return options
    sides = [
        _padding(*of) if options["padding"] == b"SAME" else (0, 0)
        for of in zip(inputs.shape[1:3], kernel.shape[:2], options["strides"][1:3], strict=True)
    ]
    return {**options, "padding": "EXPLICIT", "explicit_paddings": [0, 0, *sides[0], *sides[1], 0, 0]}


def _padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """The pixels that "SAME" adds before and after a side."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
