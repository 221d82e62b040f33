"""MobileNetV3."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, Cut, application, cuts, download
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE


def _mobilenet_v3(
    size: str, help: str, accuracy: float, checksum: str, megabytes: float, ends: tuple[Cut, ...]
) -> Backbone:
    return Backbone(
        name=f"MobileNetV3{size}",
        title=f"MobileNetV3-{size}",
        help=help,
        citation="Howard et al. (2019), Searching for MobileNetV3, arXiv:1905.02244",
        licence="weights and code Apache-2.0",
        application=application(f"MobileNetV3{size}", include_preprocessing=False),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=accuracy,
        cuts=(Cut("stem", "activation"), *ends),
        weights=download(
            "mobilenet_v3", f"weights_mobilenet_v3_{size.lower()}_224_1.0_float_no_top_v2.h5", checksum, megabytes
        ),
        accuracy_source="keras.io/api/applications/mobilenet",
    )


ROWS = (
    _mobilenet_v3(
        "Small",
        "Found by a search for networks that are quick on phones; the quickest of the table, and less accurate.",
        0.681,
        "d3e8ec802a04aa4fc771ee12a9a9b836",
        4.1,
        cuts(
            block1="expanded_conv_project_bn",
            block2="expanded_conv_2_add",
            block3="expanded_conv_5_add",
            block4="expanded_conv_7_add",
            block5="expanded_conv_10_add",
            final="activation_17",
        ),
    ),
    _mobilenet_v3(
        "Large",
        "The larger of the two: as accurate as ResNet-50 with a twentieth of the computation.",
        0.756,
        "07fb09a5933dd0c8eaafa16978110389",
        12.4,
        cuts(
            block1="expanded_conv_add",
            block2="expanded_conv_2_add",
            block3="expanded_conv_5_add",
            block4="expanded_conv_9_add",
            block5="expanded_conv_11_add",
            block6="expanded_conv_14_add",
            final="activation_19",
        ),
    ),
)
