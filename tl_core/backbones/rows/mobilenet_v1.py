"""The first MobileNet."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE

ROWS = (
    Backbone(
        name="MobileNet",
        title="MobileNet",
        help="Depthwise and pointwise convolutions in a plain stack: simple, and quick on a CPU.",
        citation="Howard et al. (2017), MobileNets: Efficient Convolutional Neural Networks, arXiv:1704.04861",
        licence="weights and code Apache-2.0",
        application=application("MobileNet"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.704,
        cuts=cuts(
            stem="conv1_relu",
            block1="conv_pw_1_relu",
            block3="conv_pw_3_relu",
            block5="conv_pw_5_relu",
            block7="conv_pw_7_relu",
            block9="conv_pw_9_relu",
            block11="conv_pw_11_relu",
            block12="conv_pw_12_relu",
            block13="conv_pw_13_relu",
        ),
        weights=download("mobilenet", "mobilenet_1_0_224_tf_no_top.h5", "", 13.1),
    ),
)
