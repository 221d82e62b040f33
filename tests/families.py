"""One network of each family, for tests that train or compile: the others differ from it in widths and numbers of blocks alone."""

from __future__ import annotations

from tl_core.backbones import BACKBONES

FAMILIES = (
    "EfficientNetLite0",
    "MobileNetV2",
    "MobileNet",
    "MobileNetV3Small",
    "ResNet50",
    "ResNet50V2",
    "VGG16",
    "InceptionV3",
    "InceptionResNetV2",
    "Xception",
    "DenseNet121",
    "NASNetMobile",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "ConvNeXtTiny",
)

assert set(FAMILIES) <= set(BACKBONES.names)
