"""Folders of small images with a population: handwritten digits, drawn anew as often as wanted: shifted, turned, with noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.data.digits import load, open_image

SIDE = 32


def write_digits(
    folder: Path,
    train: tuple[int, ...],
    validation: int,
    noise: float = 40.0,
    shift: int = 8,
    copied: bool = False,
    seed: int = 0,
) -> Path:
    """Writes train/ and validation/ with a folder for each class; returns the folder.

    Args:
        train: Number of training images of each class; one number for each of the first classes of digits.
        validation: Number of validation images of each class.
        noise: Standard deviation of the noise on pixels, of 255.
        shift: By how many pixels digits are moved at most.
        copied: Validation images are copies of training images, as far as there are any: a leak.
    """
    rng = np.random.default_rng(seed)
    by_class = _digits(len(train))
    for label, count in enumerate(train):
        # A half of the digits are for training and the other for validation, so that no digit is on both sides.
        halves = by_class[label][::2], by_class[label][1::2]
        made = [_drawn(rng, halves[0], noise, shift) for _ in range(count)]
        shown = (made * (validation // count + 1))[:validation] if copied else []
        shown = shown or [_drawn(rng, halves[1], noise, shift) for _ in range(validation)]
        for part, images in (("train", made), ("validation", shown)):
            place = folder / part / f"digit {label}"
            place.mkdir(parents=True)
            for number, image in enumerate(images):
                image.save(place / f"{number:05d}.bmp")
    return folder


def _digits(classes: int) -> list[list[Image.Image]]:
    found: list[list[Image.Image]] = [[] for _ in range(10)]
    for item in load("digits").items:
        found[item.label].append(open_image(item))
    return found[:classes]


def _drawn(rng: np.random.Generator, digits: list[Image.Image], noise: float, shift: int) -> Image.Image:
    """One of some digits, as it was not drawn before."""
    image = digits[int(rng.integers(len(digits)))].convert("L").resize((24, 24), Image.Resampling.BICUBIC)
    image = image.rotate(float(rng.normal(0, 8)), Image.Resampling.BILINEAR, fillcolor=255)
    sheet = Image.new("L", (SIDE, SIDE), 255)
    left, top = rng.integers(0, shift + 1, 2)
    sheet.paste(image, (int(left), int(top)))
    pixels = np.asarray(sheet, np.float64) + rng.normal(0, noise, (SIDE, SIDE))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
