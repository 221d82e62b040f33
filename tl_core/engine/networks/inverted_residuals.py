"""Networks of inverted residual blocks in Keras layers: EfficientNet-Lite, and MobileNetV2 as PyTorch computes it.

`keras.applications` has neither. Source of the block: Sandler et al. (2018), arXiv:1801.04381.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tl_core.engine.backend import keras

layers = keras.layers


@dataclass(frozen=True)
class Stage:
    """`repeats` blocks of one width, of which the first has the stride."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int


@dataclass(frozen=True)
class Design:
    """A network: a stem of 32 channels and stride 2, the stages, a last convolution of 1,280 channels.

    Attributes:
        padding: Of convolutions with a stride. "same" is TensorFlow's: an even side gets its zeros after the last pixel alone. "symmetric" is
            PyTorch's: zeros on both sides, so that the filters stand one pixel further left and up. Without a stride the two agree.
        epsilon: Of batch normalisation, added to the variance.
        momentum: Of batch normalisation: the share of its statistics that a step keeps.
    """

    stages: Sequence[Stage]
    padding: Literal["same", "symmetric"] = "same"
    epsilon: float = 1e-3
    momentum: float = 0.99


def build(pixels: keras.KerasTensor, design: Design) -> keras.KerasTensor:
    """From scaled pixels to the last feature map, 1,280 channels at a 32nd of the size.

    Layers are named by place: `stem_conv`, `block3b_expand_bn` (the second block of the third stage), `final_activation`.
    """
    x, padding = _padded(pixels, design, 3, 2, "stem")
    x = layers.Conv2D(32, 3, strides=2, padding=padding, use_bias=False, name="stem_conv")(x)
    x = _relu6(_batch_norm(x, design, "stem_bn"), "stem_activation")
    for number, stage in enumerate(design.stages, start=1):
        for letter in string.ascii_lowercase[: stage.repeats]:
            x = _block(x, design, stage, stage.stride if letter == "a" else 1, f"block{number}{letter}")
    x = layers.Conv2D(1280, 1, use_bias=False, name="final_conv")(x)
    return _relu6(_batch_norm(x, design, "final_bn"), "final_activation")


def _block(x: keras.KerasTensor, design: Design, stage: Stage, stride: int, name: str) -> keras.KerasTensor:
    """An inverted residual block: expansion, depthwise convolution, projection without activation, and a shortcut if shapes agree."""
    inputs, channels = x, x.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _relu6(_batch_norm(x, design, f"{name}_expand_bn"), f"{name}_expand_activation")
    x, padding = _padded(x, design, stage.kernel, stride, name)
    x = layers.DepthwiseConv2D(stage.kernel, stride, padding, use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _relu6(_batch_norm(x, design, f"{name}_depthwise_bn"), f"{name}_depthwise_activation")
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _batch_norm(x, design, f"{name}_project_bn")
    return layers.Add(name=f"{name}_add")([x, inputs]) if stride == 1 and channels == stage.channels else x


def _padded(x: keras.KerasTensor, design: Design, kernel: int, stride: int, name: str) -> tuple[keras.KerasTensor, str]:
    """The input of a convolution, and the padding that is left to the convolution itself."""
    if stride == 1 or design.padding == "same":
        return x, "same"
    return layers.ZeroPadding2D(kernel // 2, name=f"{name}_padding")(x), "valid"


def _batch_norm(x: keras.KerasTensor, design: Design, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=design.momentum, epsilon=design.epsilon, name=name)(x)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6, name=name)(x)
