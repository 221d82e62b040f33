"""How backbones scale their pixels, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Order = Literal["rgb", "bgr"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Scaling:
    """What a backbone makes of RGB pixels 0..255: the channels in its order, and of each `(x - mean) * scale`.

    Raises ValueError for anything else than an order and two triples of numbers, so that no pixels are scaled by a guess.

    Attributes:
        mean: Subtracted from each channel, in the backbone's order.
        scale: The factor of each channel afterwards, in the backbone's order.
        order: The backbone's order of the channels.
    """

    mean: Triple
    scale: Triple
    order: Order = "rgb"

    def __post_init__(self) -> None:
        if self.order not in get_args(Order):
            raise ValueError(f"the order of channels is {' or '.join(get_args(Order))}; received {self.order!r}")
        for name, values in (("mean", self.mean), ("scale", self.scale)):
            if len(values) != 3 or not all(map(math.isfinite, values)):
                raise ValueError(f"{name} is a number for each of three channels; received {values!r}")
        if not all(factor > 0 for factor in self.scale):
            raise ValueError(f"the factor of a channel is above zero; received {self.scale!r}")

    @property
    def offset(self) -> Triple:
        """Added to each channel once it is multiplied: `x * scale + offset`."""
        first, second, third = (-mean * factor for mean, factor in zip(self.mean, self.scale, strict=True))
        return first, second, third


def same(mean: float, scale: float) -> Scaling:
    """RGB with one mean and one factor for all channels."""
    return Scaling((mean,) * 3, (scale,) * 3)


MINUS_ONE_TO_ONE = same(127.5, 1 / 127.5)
"""The mode "tf" of Keras's `preprocess_input`."""

CAFFE = Scaling((103.939, 116.779, 123.68), (1.0, 1.0, 1.0), "bgr")
"""Its mode "caffe": BGR minus ImageNet's mean of each channel."""

LITE = same(127.0, 1 / 128)
"""That of EfficientNet-Lite."""

TORCH = Scaling((0.485 * 255, 0.456 * 255, 0.406 * 255), (1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)))
"""Its mode "torch": RGB from 0 to 1, minus ImageNet's mean of each channel, divided by its standard deviation."""

BY_128 = same(128.0, 1 / 128)
"""That of EfficientNetV2-S: x / 128 - 1."""
