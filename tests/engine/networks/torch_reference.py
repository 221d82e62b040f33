"""Networks of inverted residuals computed from a PyTorch archive in NumPy, in double precision, layer by layer.

It shares nothing with the networks of the lab: kernels, widths and depths are read from the shapes of the tensors, and a stage begins where the
number of channels changes. Only the strides of the stages, padding and epsilon are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

Tensors = Mapping[str, np.ndarray]
STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the seven stages of EfficientNet-Lite and of MobileNetV2."""


@dataclass(frozen=True)
class Layout:
    """How an archive names things: pairs of convolution and normalisation.

    Attributes:
        block: Of block N, counted from 0: expansion, depthwise and projection; the first block has the last two.
        symmetric: PyTorch's padding, the same on both sides; otherwise TensorFlow's.
    """

    stem: tuple[str, str]
    final: tuple[str, str]
    symmetric: bool
    epsilon: float

    def block(self, number: int) -> list[tuple[str, str]]:
        if self.symmetric:
            places = [(0, 1), (3, 4)] if number == 0 else [(0, 1), (3, 4), (6, 7)]
            return [(f"features.{number + 1}.conv.{a}", f"features.{number + 1}.conv.{b}") for a, b in places]
        names = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
        return [(f"_blocks.{number}.{a}", f"_blocks.{number}.{b}") for a, b in names[number == 0 :]]


LITE = Layout(("_conv_stem", "_bn0"), ("_conv_head", "_bn1"), symmetric=False, epsilon=1e-3)
PYTORCH = Layout(("features.0.0", "features.0.1"), ("features.18.0", "features.18.1"), symmetric=True, epsilon=1e-5)


def features(tensors: Tensors, layout: Layout, pixels: np.ndarray) -> np.ndarray:
    """The last feature map of scaled pixels, both (height, width, channels)."""
    x = _relu6(_normalised(_convolved(pixels, tensors, layout.stem[0], 2, layout), tensors, layout.stem[1], layout))
    stage = 0
    for block in _blocks(tensors, layout):
        channels = tensors[f"{block[-1][0]}.weight"].shape[0]
        begins = channels != x.shape[-1] or stage == 0
        stage += begins
        stride = STRIDES[stage - 1] if begins else 1
        y = x
        for place, (convolution, norm) in enumerate(block):
            strided = stride if place == len(block) - 2 else 1  # The depthwise one is the last but one.
            y = _normalised(_convolved(y, tensors, convolution, strided, layout), tensors, norm, layout)
            y = y if place == len(block) - 1 else _relu6(y)
        x = y + x if y.shape == x.shape else y
    return _relu6(_normalised(_convolved(x, tensors, layout.final[0], 1, layout), tensors, layout.final[1], layout))


def _blocks(tensors: Tensors, layout: Layout) -> Iterator[list[tuple[str, str]]]:
    for number in count():
        block = layout.block(number)
        if f"{block[0][1]}.running_var" not in tensors:
            return
        yield block


def _convolved(x: np.ndarray, tensors: Tensors, name: str, stride: int, layout: Layout) -> np.ndarray:
    kernel = tensors[f"{name}.weight"].astype(np.float64)
    side = kernel.shape[-1]
    sides = [_padding(length, side, stride, layout) for length in x.shape[:2]]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, (*sides, (0, 0))), (side, side), axis=(0, 1))
    windows = windows[::stride, ::stride]
    if kernel.shape[1] == 1 < x.shape[-1]:
        return np.einsum("hwcij,cij->hwc", windows, kernel[:, 0])
    return np.tensordot(windows, kernel, axes=([2, 3, 4], [1, 2, 3]))


def _padding(length: int, kernel: int, stride: int, layout: Layout) -> tuple[int, int]:
    if layout.symmetric:
        return kernel // 2, kernel // 2
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def _normalised(x: np.ndarray, tensors: Tensors, name: str, layout: Layout) -> np.ndarray:
    scale, shift, mean, variance = (
        tensors[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + layout.epsilon) * scale + shift


def _relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6)
