"""MobileNets."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE

ROWS = (
    Backbone(
        name="MobileNetV2",
        title="MobileNetV2",
        help="The smallest download; fast on a CPU.",
        citation="Sandler et al. (2018), MobileNetV2: Inverted Residuals and Linear Bottlenecks, arXiv:1801.04381",
        licence="weights and code Apache-2.0",
        application=application("MobileNetV2"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.713,
        cuts=cuts(
            stem="Conv1_relu",
            block1="expanded_conv_project_BN",
            block2="block_2_add",
            block3="block_5_add",
            block4="block_9_add",
            block5="block_12_add",
            block6="block_15_add",
            block7="block_16_project_BN",
            final="out_relu",
        ),
        weights=download("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", "", 9.4),
    ),
)
