"""The table of augmentations: what each does, how strong it may be. What it does to pixels is in engine/inputs/augmentation.py.

Each has one number, its amount, in the unit a person would use. Add one by adding a row here and its layer there;
the contract test holds every row to keeping shape and range and to being reproducible.
"""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.registry import Registry


@dataclass(frozen=True)
class Augmentation:
    """One row: `amount` lies in low..high (both included) and is `default` where a name is given alone."""

    name: str
    title: str
    help: str
    low: float
    high: float
    default: float
    unit: str


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
    ),
)
