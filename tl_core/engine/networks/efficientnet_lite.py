"""EfficientNet-Lite0 in Keras layers, and its bundled ImageNet weights.

Unlike EfficientNet-B0 it has no squeeze-and-excitation, ReLU6 instead of swish, and a stem and last convolution of fixed width.
Sources: Tan and Le (2019), arXiv:1905.11946; github.com/tensorflow/tpu, models/official/efficientnet/lite. Stochastic depth,
which matters only when training from scratch, is omitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks import torch_archive
from tl_core.errors import RunFailed

layers = keras.layers

BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Stage:
    """A row of table 1 of the paper: `repeats` blocks, of which the first has the stride."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int


STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)


def efficientnet_lite0(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """From pixels scaled by (x - 127) / 128 to the last feature map, 1,280 channels at a 32nd of the size."""
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(pixels)
    x = _relu6(_batch_norm(x, "stem_bn"), "stem_activation")
    for number, stage in enumerate(STAGES, start=1):
        for letter in "abcd"[: stage.repeats]:
            x = _block(x, stage, stage.stride if letter == "a" else 1, f"block{number}{letter}")
    x = layers.Conv2D(1280, 1, use_bias=False, name="final_conv")(x)
    return _relu6(_batch_norm(x, "final_bn"), "final_activation")


def with_classifier(network: keras.Model) -> keras.Model:
    """The network with the classifier of the 1,000 ImageNet classes, giving logits."""
    x = layers.GlobalAveragePooling2D(name="pooling")(network.output)
    return keras.Model(network.input, layers.Dense(1000, name="predictions")(x), name=f"{network.name}_classifier")


def load_pretrained(network: keras.Model, archive: Path) -> None:
    """Loads the archive's ImageNet weights into a network of this module, with or without classifier.

    Raises RunFailed if the archive belongs to another network.
    """
    tensors = torch_archive.read(archive)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([_values(tensors, name, archive) for name in _sources(layer)])


def _block(x: keras.KerasTensor, stage: Stage, stride: int, name: str) -> keras.KerasTensor:
    """An inverted residual block: expansion, depthwise convolution, projection without activation, and a shortcut if shapes agree."""
    inputs, channels = x, x.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _relu6(_batch_norm(x, f"{name}_expand_bn"), f"{name}_expand_activation")
    x = layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _relu6(_batch_norm(x, f"{name}_depthwise_bn"), f"{name}_depthwise_activation")
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _batch_norm(x, f"{name}_project_bn")
    return layers.Add(name=f"{name}_add")([x, inputs]) if stride == 1 and channels == stage.channels else x


def _batch_norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(epsilon=1e-3, name=name)(x)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6, name=name)(x)


def _sources(layer: keras.layers.Layer) -> list[str]:
    """The names of a layer's weights in the archive, in the layer's order."""
    if isinstance(layer, layers.BatchNormalization):
        return [f"{_torch_name(layer.name)}.{part}" for part in BATCH_NORM]
    if isinstance(layer, layers.Dense):
        return ["_fc.weight", "_fc.bias"]
    return [f"{_torch_name(layer.name)}.weight"]


def _torch_name(name: str) -> str:
    """block3b_expand_bn -> _blocks.4._bn0: the archive numbers blocks over all stages, and norms within a block."""
    fixed = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "final_conv": "_conv_head", "final_bn": "_bn1"}
    if name in fixed:
        return fixed[name]
    block, part = name.split("_", 1)
    number, letter = int(block[5]), block[6]
    index = sum(stage.repeats for stage in STAGES[: number - 1]) + "abcd".index(letter)
    # A block without expansion has no first norm; the others keep their numbers.
    parts = {"expand_bn": "_bn0", "depthwise_bn": "_bn1", "project_bn": "_bn2"}
    return f"_blocks.{index}.{parts.get(part, f'_{part}')}"


def _values(tensors: dict[str, np.ndarray], name: str, archive: Path) -> np.ndarray:
    """One tensor in Keras's order of axes."""
    if name not in tensors:
        raise RunFailed(f"{archive} is not EfficientNet-Lite0: it has no tensor {name!r}")
    values = tensors[name]
    if values.ndim == 4:
        # PyTorch has (out, in, height, width); "in" of a depthwise filter is 1 and comes last in Keras.
        return values.transpose(2, 3, 0, 1) if values.shape[1] == 1 else values.transpose(2, 3, 1, 0)
    return values.T
