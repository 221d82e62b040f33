"""Inception networks and Xception."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE

ROWS = (
    Backbone(
        name="InceptionV3",
        title="Inception v3",
        help="Parallel branches with several filter sizes; trained at 299 pixels, good with fine detail.",
        citation="Szegedy et al. (2015), Rethinking the Inception Architecture, arXiv:1512.00567",
        licence="weights and code Apache-2.0",
        application=application("InceptionV3"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=299,
        minimum_size=75,
        imagenet_accuracy=0.779,
        cuts=cuts(
            stem="max_pooling2d_1",
            mixed0="mixed0",
            mixed1="mixed1",
            mixed2="mixed2",
            mixed3="mixed3",
            mixed5="mixed5",
            mixed7="mixed7",
            mixed8="mixed8",
            mixed9="mixed9",
            mixed10="mixed10",
        ),
        weights=download(
            "inception_v3",
            "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "bcbd6486424b2319ff4ef7d526e38f63",
            87.9,
        ),
    ),
    Backbone(
        name="Xception",
        title="Xception",
        help="Depthwise separable convolutions throughout; trained at 299 pixels, accurate and slow.",
        citation="Chollet (2016), Xception: Deep Learning with Depthwise Separable Convolutions, arXiv:1610.02357",
        licence="weights MIT, code Apache-2.0",
        application=application("Xception"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=299,
        minimum_size=71,
        imagenet_accuracy=0.79,
        cuts=cuts(
            block1="block1_conv2_act",
            block2="add",
            block3="add_1",
            block4="add_2",
            block6="add_4",
            block8="add_6",
            block10="add_8",
            block12="add_10",
            block13="add_11",
            block14="block14_sepconv2_act",
        ),
        weights=download(
            "xception",
            "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "b0042744bf5b25fce3cb969f33bebb97",
            83.7,
        ),
    ),
)
