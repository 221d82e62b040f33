"""EfficientNet-Lite, and the names of its weights in PyTorch's archives.

Unlike EfficientNet it has no squeeze-and-excitation, ReLU6 instead of swish, and a stem and last convolution of fixed width.
Sources: Tan and Le (2019), arXiv:1905.11946; github.com/tensorflow/tpu, models/official/efficientnet/lite. Stochastic depth,
which matters only when training from scratch, is omitted.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tl_core.engine.backend import keras
from tl_core.engine.networks.inverted_residuals import Design, Stage
from tl_core.engine.networks.torch_weights import TensorNames

STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
"""Table 1 of the paper."""

DIVISOR = 8
"""Channels are multiples of it."""


def lite(width: float, depth: float) -> Design:
    """The network whose stages have `width` times the channels and `depth` times the blocks of Lite0.

    Channels are rounded to a multiple of 8, but not down by more than a tenth; blocks are rounded up. In the Lite variants the first and the last
    stage keep their single block.
    """
    inner = range(1, len(STAGES) - 1)
    return Design(
        tuple(
            replace(
                stage,
                channels=_rounded(stage.channels * width),
                repeats=math.ceil(stage.repeats * depth) if place in inner else stage.repeats,
            )
            for place, stage in enumerate(STAGES)
        )
    )


def _rounded(channels: float) -> int:
    nearest = max(DIVISOR, int(channels + DIVISOR / 2) // DIVISOR * DIVISOR)
    return nearest if nearest >= 0.9 * channels else nearest + DIVISOR


LITE0, LITE1, LITE2 = lite(1.0, 1.0), lite(1.0, 1.1), lite(1.1, 1.2)


def with_classifier(network: keras.Model) -> keras.Model:
    """The network with the classifier of the 1,000 ImageNet classes, giving logits."""
    x = keras.layers.GlobalAveragePooling2D(name="pooling")(network.output)
    logits = keras.layers.Dense(1000, name="predictions")(x)
    return keras.Model(network.input, logits, name=f"{network.name}_classifier")


def _in_block(number: int, part: str) -> str:
    # A block without expansion has no first norm; the others keep their numbers.
    norms = {"expand_bn": "_bn0", "depthwise_bn": "_bn1", "project_bn": "_bn2"}
    return f"_blocks.{number}.{norms.get(part, f'_{part}')}"


NAMES = TensorNames(
    outside={
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "final_conv": "_conv_head",
        "final_bn": "_bn1",
        "predictions": "_fc",
    },
    in_block=_in_block,
)
"""Those of github.com/lukemelas/EfficientNet-PyTorch, which numbers blocks over all stages, and norms within a block."""
