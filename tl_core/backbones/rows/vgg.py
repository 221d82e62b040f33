"""VGG networks."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import CAFFE

ROWS = (
    Backbone(
        name="VGG16",
        title="VGG-16",
        help="Plain stacked convolutions without batch normalisation: simple to study, slow to run.",
        citation="Simonyan and Zisserman (2014), Very Deep Convolutional Networks, arXiv:1409.1556",
        licence="weights CC BY 4.0, code Apache-2.0",
        application=application("VGG16"),
        scaling=CAFFE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.713,
        cuts=cuts(
            block1="block1_pool",
            block2="block2_pool",
            block3="block3_pool",
            block4="block4_pool",
            block5_conv1="block5_conv1",
            block5_conv2="block5_conv2",
            block5_conv3="block5_pool",
        ),
        weights=download(
            "vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc", 58.9
        ),
    ),
    Backbone(
        name="VGG19",
        title="VGG-19",
        help="VGG-16 with three more convolutions: hardly more accurate, and the slowest network of the table.",
        citation="Simonyan and Zisserman (2014), Very Deep Convolutional Networks, arXiv:1409.1556",
        licence="weights CC BY 4.0, code Apache-2.0",
        application=application("VGG19"),
        scaling=CAFFE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.713,
        cuts=cuts(
            block1="block1_pool",
            block2="block2_pool",
            block3="block3_pool",
            block4="block4_pool",
            block5_conv1="block5_conv1",
            block5_conv2="block5_conv2",
            block5_conv3="block5_conv3",
            block5_conv4="block5_pool",
        ),
        weights=download(
            "vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6", 80.1
        ),
    ),
)
