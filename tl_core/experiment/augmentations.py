"""The table of augmentations: what each does, how strong it may be. What it does to pixels is in engine/inputs.

Each has one number, its amount, in the unit a person would use. Add one by adding a row here and its function there (geometric.py,
colour.py, corruption.py or mixing.py); the contract test holds every row to keeping shape and range, to being reproducible,
and to leaving labels alone or mixing them as it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tl_core.registry import Registry


@dataclass(frozen=True)
class Augmentation:
    """One row: `amount` lies in low..high (both included) and is `default` where a name is given alone.

    Attributes:
        labels: "mixes" where an image gets a part of a second training image, and with it a part of that one's label.
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
            "Mirrors an image left to right with this probability. Wrong for text, digits and anything with a side.",
            0.0,
            1.0,
            0.5,
            "probability",
        ),
        Augmentation(
            "vertical_flip",
            "Vertical flip",
            "Mirrors an image top to bottom with this probability. For images without an up: from above, from a microscope.",
            0.0,
            1.0,
            0.5,
            "probability",
        ),
        Augmentation(
            "rotation",
            "Rotation",
            "Turns an image by an angle drawn between minus and plus this many degrees; corners are filled by mirroring.",
            0.0,
            180.0,
            15.0,
            "degrees",
        ),
        Augmentation(
            "zoom",
            "Zoom",
            "Scales an image by a factor drawn between 1 minus and 1 plus this share, keeping its proportions.",
            0.0,
            0.9,
            0.15,
            "share of the size",
        ),
        Augmentation(
            "translation",
            "Translation",
            "Shifts an image sideways and up or down by at most this share of its size.",
            0.0,
            0.5,
            0.1,
            "share of the size",
        ),
        Augmentation(
            "random_crop",
            "Random crop",
            "Cuts a window out of the image at a random place, smaller by at most this share, and scales it back up.",
            0.0,
            0.9,
            0.2,
            "share of the side",
        ),
        Augmentation(
            "shear",
            "Shear",
            "Slants an image sideways by an angle drawn between minus and plus this many degrees, as if seen from one side.",
            0.0,
            45.0,
            10.0,
            "degrees",
        ),
        Augmentation(
            "brightness",
            "Brightness",
            "Adds the same amount of light to every pixel, between minus and plus this share of the full range.",
            0.0,
            1.0,
            0.2,
            "share of the range",
        ),
        Augmentation(
            "contrast",
            "Contrast",
            "Multiplies the distance of every pixel from the image's mean by 1 minus to 1 plus this share.",
            0.0,
            1.0,
            0.2,
            "share",
        ),
        Augmentation(
            "saturation",
            "Saturation",
            "Multiplies the distance of every pixel from the grey of its own brightness by 1 minus to 1 plus this share.",
            0.0,
            1.0,
            0.3,
            "share",
        ),
        Augmentation(
            "hue",
            "Hue",
            "Turns all colours round the colour circle by an angle drawn between minus and plus this many degrees; greys stay. "
            "Wrong where the colour tells the class.",
            0.0,
            180.0,
            15.0,
            "degrees",
        ),
        Augmentation(
            "gaussian_noise",
            "Gaussian noise",
            "Adds noise to every pixel and channel by itself; its standard deviation is drawn between 0 and this share of the range.",
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
            "Fills a rectangle at a random place with noise (Zhong et al. 2017); its area is drawn between 0 and this share of the "
            "image. What is left must do to tell the class.",
            0.0,
            0.9,
            0.25,
            "share of the area",
        ),
        Augmentation(
            "mixup",
            "MixUp",
            "Blends a second training image into each, and its label in the same share (Zhang et al. 2017). The share is drawn from "
            "Beta(a, a) with this a: 0.2 leaves most nearly whole, 1 makes all shares alike likely. Best written after the others.",
            0.0,
            4.0,
            0.2,
            "a of Beta(a, a)",
            "mixes",
        ),
        Augmentation(
            "cutmix",
            "CutMix",
            "Pastes a rectangle of a second training image into each, and counts its label by the area (Yun et al. 2019). The area is "
            "drawn from Beta(a, a) with this a. Best written after the others. Together with MixUp, one of the two is drawn for each image.",
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
            "Mirrored, a little shifted, scaled and lit: photos of things that have no side. Hardly ever hurts.",
            {"horizontal_flip": 0.5, "translation": 0.05, "zoom": 0.1, "brightness": 0.1},
        ),
        AugmentPreset(
            "medium",
            "Medium",
            "Also turned, cropped, and changed in contrast and colour. For some hundred photos and ten epochs or more.",
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
            "All of that further, sheared, blurred and partly erased. For long runs that overfit; short ones learn less. "
            "MixUp or CutMix can be added.",
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
    """The preset that is just these augmentations, in this order and with these amounts."""
    return next((row for row in AUGMENT_PRESETS if list(row.amounts.items()) == list(amounts.items())), None)
