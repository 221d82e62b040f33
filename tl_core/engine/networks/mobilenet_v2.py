"""MobileNetV2 as PyTorch computes it, and the names of its weights in PyTorch's archives.

Weights trained in PyTorch do not fit `keras.applications.MobileNetV2`, although every shape agrees: there, convolutions with a stride
pad other sides, and batch normalisation adds another epsilon. Source: Sandler et al. (2018), arXiv:1801.04381, table 2.
"""

from __future__ import annotations

from tl_core.engine.networks.inverted_residuals import Design, Stage
from tl_core.engine.networks.torch_weights import TensorNames

PYTORCH = Design(
    (
        Stage(1, 16, 1, 1, 3),
        Stage(6, 24, 2, 2, 3),
        Stage(6, 32, 3, 2, 3),
        Stage(6, 64, 4, 2, 3),
        Stage(6, 96, 3, 1, 3),
        Stage(6, 160, 3, 2, 3),
        Stage(6, 320, 1, 1, 3),
    ),
    padding="symmetric",
    epsilon=1e-5,
    momentum=0.9,
)
"""Padding, epsilon and momentum are the defaults of torch.nn."""


def _in_block(number: int, part: str) -> str:
    """The place of a layer in the block's sequence, in which each convolution but the last is followed by norm and activation."""
    parts = ("expand_conv", "expand_bn", "", "depthwise_conv", "depthwise_bn", "", "project_conv", "project_bn")
    # The first block has no expansion.
    return f"features.{number + 1}.conv.{parts[3:].index(part) if number == 0 else parts.index(part)}"


NAMES = TensorNames(
    outside={
        "stem_conv": "features.0.0",
        "stem_bn": "features.0.1",
        "final_conv": "features.18.0",
        "final_bn": "features.18.1",
    },
    in_block=_in_block,
)
"""Those of github.com/tonylins/pytorch-mobilenet-v2."""
