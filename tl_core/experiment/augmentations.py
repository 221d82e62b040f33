"""The table of augmentations: what each does and how strong it may be. Their pixel operations are in engine/inputs.

Each has one number, its amount, in the unit you would use. Add one by adding a row here and its function there (geometric.py,
photometric.py or mixing.py); the contract test checks that every row keeps shape and range, is reproducible,
and leaves labels alone or mixes them as it declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tl_core.registry import Registry


@dataclass(frozen=True)
class Augmentation:
    """One row: `amount` lies in low..high (both included) and is `default` if only the name is given.

    Attributes:
        labels: "mixes" if part of a second training image, and the same part of its label, is mixed in.
    """

    name: str
    title: str
    help: str
    low: float
    high: float
    default: float
    unit: str
    labels: Literal["keeps", "mixes"] = "keeps"


AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation",
    "augment",
    (
        Augmentation(
            "horizontal_flip",
            "Horizontal flip",
            "Mirrors the image left to right with this probability. Unsuitable for text, digits and anything that has a left and a "
            "right.",
            0.0,
            1.0,
            0.5,
            "probability",
        ),
        Augmentation(
            "vertical_flip",
            "Vertical flip",
            "Mirrors the image top to bottom with this probability. For images without an up, such as aerial or microscope images.",
            0.0,
            1.0,
            0.5,
            "probability",
        ),
        Augmentation(
            "rotation",
            "Rotation",
            "Rotates the image by an angle drawn between minus and plus this many degrees; corners are filled by reflection.",
            0.0,
            180.0,
            15.0,
            "degrees",
        ),
        Augmentation(
            "zoom",
            "Zoom",
            "Scales the image by a factor drawn between 1 minus and 1 plus this share; the aspect ratio is kept.",
            0.0,
            0.9,
            0.15,
            "share of the size",
        ),
        Augmentation(
            "translation",
            "Translation",
            "Shifts the image horizontally and vertically by at most this share of its size.",
            0.0,
            0.5,
            0.1,
            "share of the size",
        ),
        Augmentation(
            "random_crop",
            "Random crop",
            "Crops a random window, smaller by at most this share, and scales it back to the full size.",
            0.0,
            0.9,
            0.2,
            "share of the side",
        ),
        Augmentation(
            "shear",
            "Shear",
            "Shears the image horizontally by an angle drawn between minus and plus this many degrees.",
            0.0,
            45.0,
            10.0,
            "degrees",
        ),
        Augmentation(
            "brightness",
            "Brightness",
            "Adds the same value to every pixel, drawn between minus and plus this share of the full range.",
            0.0,
            1.0,
            0.2,
            "share of the range",
        ),
        Augmentation(
            "contrast",
            "Contrast",
            "Multiplies the difference between each pixel and the image's mean by a factor drawn between 1 minus and 1 plus this "
            "share.",
            0.0,
            1.0,
            0.2,
            "share",
        ),
        Augmentation(
            "saturation",
            "Saturation",
            "Multiplies the difference between each pixel and the grey of the same brightness by a factor drawn between 1 minus and"
            " 1 plus this share.",
            0.0,
            1.0,
            0.3,
            "share",
        ),
        Augmentation(
            "hue",
            "Hue",
            "Rotates all hues by an angle drawn between minus and plus this many degrees; greys do not change. The angle is that of the YIQ "
            "colour space, which keeps brightness: 30 turns hues of the usual colour circle by 21 to 42. Unsuitable if colour tells the classes "
            "apart.",
            0.0,
            180.0,
            15.0,
            "degrees",
        ),
        Augmentation(
            "gaussian_noise",
            "Gaussian noise",
            "Adds independent noise to every pixel and channel; its standard deviation is drawn between 0 and this share of the "
            "range.",
            0.0,
            0.5,
            0.05,
            "share of the range",
        ),
        Augmentation(
            "blur",
            "Blur",
            "Gaussian blur; its standard deviation is drawn between 0 and this share of the side (0.01: 2.2 of 224 pixels).",
            0.0,
            0.05,
            0.01,
            "share of the side",
        ),
        Augmentation(
            "random_erasing",
            "Random erasing",
            "Fills a random rectangle with noise (Zhong et al. 2017); its area is drawn between 0 and this share of the image. The "
            "network has to use the rest of the image.",
            0.0,
            0.9,
            0.25,
            "share of the area",
        ),
        Augmentation(
            "mixup",
            "MixUp",
            "Blends a second training image into each, and its label in the same proportion (Zhang et al. 2017). The proportion is "
            "drawn from Beta(a, a) with this a: 0.2 leaves most images nearly unmixed, with 1 all proportions are equally "
            "likely. Best placed last.",
            0.0,
            4.0,
            0.2,
            "a of Beta(a, a)",
            "mixes",
        ),
        Augmentation(
            "cutmix",
            "CutMix",
            "Pastes a rectangle of a second training image into each, and weights the labels by area (Yun et al. 2019). The area is"
            " drawn from Beta(a, a) with this a. Best placed last. Together with MixUp, one of the two is drawn for each image.",
            0.0,
            4.0,
            1.0,
            "a of Beta(a, a)",
            "mixes",
        ),
    ),
)


@dataclass(frozen=True)
class AugmentPreset:
    """Augmentations that go well together: `amounts` by name, in the order in which they are applied."""

    name: str
    title: str
    help: str
    amounts: Mapping[str, float]


AUGMENT_PRESETS: Registry[AugmentPreset] = Registry(
    "preset of augmentations",
    "augment",
    (
        AugmentPreset(
            "light",
            "Light",
            "Slight flips, shifts, scaling and brightness changes, for objects without a left and a right. Rarely hurts.",
            {"horizontal_flip": 0.5, "translation": 0.05, "zoom": 0.1, "brightness": 0.1},
        ),
        AugmentPreset(
            "medium",
            "Medium",
            "Adds rotation, cropping, and changes of contrast and colour. For a few hundred photos and ten epochs or more.",
            {
                "horizontal_flip": 0.5,
                "rotation": 15.0,
                "random_crop": 0.3,
                "brightness": 0.2,
                "contrast": 0.2,
                "saturation": 0.2,
            },
        ),
        AugmentPreset(
            "strong",
            "Strong",
            "Stronger still, with shear, blur and random erasing. For long runs that overfit; short runs learn less. MixUp or "
            "CutMix can be added.",
            {
                "horizontal_flip": 0.5,
                "rotation": 20.0,
                "shear": 10.0,
                "random_crop": 0.5,
                "brightness": 0.3,
                "contrast": 0.3,
                "saturation": 0.4,
                "hue": 15.0,
                "blur": 0.01,
                "random_erasing": 0.25,
            },
        ),
    ),
)


def preset_of(amounts: Mapping[str, float]) -> AugmentPreset | None:
    """The preset with exactly these augmentations, in this order and with these amounts."""
    return next((row for row in AUGMENT_PRESETS if list(row.amounts.items()) == list(amounts.items())), None)
