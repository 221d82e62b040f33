"""ResNets."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import CAFFE

ROWS = (
    Backbone(
        name="ResNet50",
        title="ResNet-50",
        help="The standard baseline of most papers; strong features, at least four times the computation of the small networks.",
        citation="He et al. (2015), Deep Residual Learning for Image Recognition, arXiv:1512.03385",
        licence="weights MIT, code Apache-2.0",
        application=application("ResNet50"),
        scaling=CAFFE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.749,
        cuts=cuts(
            stem="pool1_pool",
            conv2="conv2_block3_out",
            conv3="conv3_block4_out",
            conv4_block2="conv4_block2_out",
            conv4_block4="conv4_block4_out",
            conv4_block6="conv4_block6_out",
            conv5_block1="conv5_block1_out",
            conv5_block2="conv5_block2_out",
            conv5_block3="conv5_block3_out",
        ),
        weights=download(
            "resnet",
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "4d473c1dd8becc155b73f8504c6f6626",
            94.8,
        ),
    ),
)
