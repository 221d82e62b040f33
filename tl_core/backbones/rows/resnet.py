"""ResNets."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import CAFFE, MINUS_ONE_TO_ONE

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
    Backbone(
        name="ResNet50V2",
        title="ResNet-50 V2",
        help="ResNet-50 with normalisation and activation before each convolution, which made very deep networks trainable.",
        citation="He et al. (2016), Identity Mappings in Deep Residual Networks, arXiv:1603.05027",
        licence="weights BSD, code Apache-2.0",
        application=application("ResNet50V2"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.76,
        cuts=cuts(
            stem="pool1_pool",
            conv2="conv2_block3_out",
            conv3="conv3_block4_out",
            conv4_block2="conv4_block2_out",
            conv4_block4="conv4_block4_out",
            conv4_block6="conv4_block6_out",
            conv5_block1="conv5_block1_out",
            conv5_block2="conv5_block2_out",
            conv5_block3="post_relu",
        ),
        weights=download(
            "resnet", "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5", "fac2f116257151a9d068a22e544a4917", 94.7
        ),
    ),
    Backbone(
        name="ResNet101",
        title="ResNet-101",
        help="ResNet-50 with 17 more blocks in its fourth stage: twice the size and time for one and a half points.",
        citation="He et al. (2015), Deep Residual Learning for Image Recognition, arXiv:1512.03385",
        licence="weights MIT, code Apache-2.0",
        application=application("ResNet101"),
        scaling=CAFFE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.764,
        cuts=cuts(
            stem="pool1_pool",
            conv2="conv2_block3_out",
            conv3="conv3_block4_out",
            conv4_block8="conv4_block8_out",
            conv4_block15="conv4_block15_out",
            conv4_block23="conv4_block23_out",
            conv5_block1="conv5_block1_out",
            conv5_block2="conv5_block2_out",
            conv5_block3="conv5_block3_out",
        ),
        weights=download(
            "resnet", "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5", "88cf7a10940856eca736dc7b7e228a21", 171.4
        ),
    ),
    Backbone(
        name="ResNet101V2",
        title="ResNet-101 V2",
        help="ResNet-101 with normalisation and activation before each convolution.",
        citation="He et al. (2016), Identity Mappings in Deep Residual Networks, arXiv:1603.05027",
        licence="weights BSD, code Apache-2.0",
        application=application("ResNet101V2"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.772,
        cuts=cuts(
            stem="pool1_pool",
            conv2="conv2_block3_out",
            conv3="conv3_block4_out",
            conv4_block8="conv4_block8_out",
            conv4_block15="conv4_block15_out",
            conv4_block23="conv4_block23_out",
            conv5_block1="conv5_block1_out",
            conv5_block2="conv5_block2_out",
            conv5_block3="post_relu",
        ),
        weights=download(
            "resnet",
            "resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "c0ed64b8031c3730f411d2eb4eea35b5",
            171.3,
        ),
    ),
)
