"""DenseNets."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, Cut, application, cuts, download
from tl_core.backbones.scaling import TORCH


def _densenet(
    depth: int, help: str, accuracy: float, checksum: str, megabytes: float, last: tuple[Cut, ...]
) -> Backbone:
    below = cuts(stem="pool1", conv2="pool2_pool", conv3="pool3_pool")
    return Backbone(
        name=f"DenseNet{depth}",
        title=f"DenseNet-{depth}",
        help=help,
        citation="Huang et al. (2016), Densely Connected Convolutional Networks, arXiv:1608.06993",
        licence="weights BSD-3-Clause, code Apache-2.0",
        application=application(f"DenseNet{depth}"),
        scaling=TORCH,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=accuracy,
        cuts=(*below, *last),
        weights=download(
            "densenet", f"densenet{depth}_weights_tf_dim_ordering_tf_kernels_notop.h5", checksum, megabytes
        ),
    )


ROWS = (
    _densenet(
        121,
        "Every layer of a stage reads the outputs of all layers before it: few parameters, much memory.",
        0.75,
        "30ee3e1110167f948a6b9946edeeb738",
        29.1,
        cuts(
            conv4_block8="conv4_block8_concat",
            conv4_block16="conv4_block16_concat",
            conv4="pool4_pool",
            conv5_block8="conv5_block8_concat",
            conv5="relu",
        ),
    ),
    _densenet(
        201,
        "DenseNet-121 with more layers in its third and fourth stage; as accurate as ResNet-101 with under half its parameters.",
        0.773,
        "c13680b51ded0fb44dff2d8f86ac8bb1",
        74.8,
        cuts(
            conv4_block16="conv4_block16_concat",
            conv4_block32="conv4_block32_concat",
            conv4="pool4_pool",
            conv5_block16="conv5_block16_concat",
            conv5="relu",
        ),
    ),
)
