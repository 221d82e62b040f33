"""Folders of generated images: textures, letters, and digits on photos. None is like ImageNet, each in another way."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tl_core.data.digits import load, open_image

SIDE = 64

Draw = Callable[[np.random.Generator, int], Image.Image]
"""Draws one image of a class, given by its number."""


def write_textures(folder: Path, train: int, validation: int, seed: int) -> None:
    """Eight kinds of filtered noise in any colours: fine or coarse, with or without direction, soft or with edges."""
    names = [f"{a} {b} {c}" for a in ("coarse", "fine") for b in ("even", "directed") for c in ("soft", "hard")]
    _write(folder, names, _texture, train, validation, seed)


def write_letters(folder: Path, train: int, validation: int, seed: int) -> None:
    """Twelve letters of Pillow's own font in any colour and size, turned and moved, over coloured noise."""
    _write(folder, list(string.ascii_uppercase[:12]), _letter, train, validation, seed)


def write_digits_on_photos(folder: Path, train: int, validation: int, seed: int) -> None:
    """Handwritten digits in any colour over parts of two photos."""
    by_class: list[list[Image.Image]] = [[] for _ in range(10)]
    for item in load("digits").items:
        by_class[item.label].append(open_image(item).convert("L"))
    photos = _photos()

    def draw(rng: np.random.Generator, label: int) -> Image.Image:
        photo = photos[int(rng.integers(len(photos)))]
        left, top = (int(rng.integers(0, length - 2 * SIDE)) for length in photo.size)
        image = photo.crop((left, top, left + 2 * SIDE, top + 2 * SIDE)).resize((SIDE, SIDE))
        digit = by_class[label][int(rng.integers(len(by_class[label])))]
        mask = Image.eval(digit, lambda value: 255 - value).resize((44, 44), Image.Resampling.BICUBIC)
        mask = mask.rotate(float(rng.normal(0, 10)))
        image.paste(_colour(rng), (int(rng.integers(0, SIDE - 44)), int(rng.integers(0, SIDE - 44))), mask)
        return image

    _write(folder, [f"digit {label}" for label in range(10)], draw, train, validation, seed)


def _photos() -> list[Image.Image]:
    from sklearn.datasets import load_sample_images

    return [Image.fromarray(pixels) for pixels in load_sample_images().images]


def _write(folder: Path, names: list[str], draw: Draw, train: int, validation: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for part, count in (("train", train), ("validation", validation)):
        for label, name in enumerate(names):
            place = folder / part / name
            place.mkdir(parents=True)
            for number in range(count):
                draw(rng, label).save(place / f"{number:04d}.png")


def _texture(rng: np.random.Generator, label: int) -> Image.Image:
    fine, directed, hard = label // 4, label // 2 % 2, label % 2
    across, down = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE))
    frequency, angle = np.hypot(across, down), np.arctan2(down, across)
    centre = (0.10, 0.16)[fine] * float(rng.uniform(0.8, 1.25))
    power = np.exp(-((np.log(np.maximum(frequency, 1e-6) / centre) / 0.5) ** 2))
    if directed:
        power *= np.exp(2 * (np.cos(2 * (angle - rng.uniform(0, np.pi))) - 1))
    values = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) * power).real
    values /= values.std()
    share = 1 / (1 + np.exp(-values * (6.0 if hard else 1.5)))[:, :, None]
    return _blended(rng, share, 12.0)


def _letter(rng: np.random.Generator, label: int) -> Image.Image:
    sheet = Image.new("L", (SIDE, SIDE), 0)
    font = ImageFont.load_default(int(rng.integers(24, 46)))
    where = tuple(SIDE / 2 + rng.normal(0, 5, 2))
    ImageDraw.Draw(sheet).text(where, string.ascii_uppercase[label], 255, font=font, anchor="mm")
    sheet = sheet.rotate(float(rng.normal(0, 18)), Image.Resampling.BILINEAR)
    return _blended(rng, np.asarray(sheet, np.float64)[:, :, None] / 255, 35.0)


def _blended(rng: np.random.Generator, share: np.ndarray, noise: float) -> Image.Image:
    """Two colours mixed by a share of shape (height, width, 1), with noise on the pixels."""
    one, other = np.array(_colour(rng), np.float64), np.array(_colour(rng), np.float64)
    pixels = one * share + other * (1 - share) + rng.normal(0, noise, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3)
    return int(red), int(green), int(blue)
