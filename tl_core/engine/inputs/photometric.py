"""Photometric augmentations: colours, noise, blur and erasing; pixels change and stay where they are.

Colours are computed plane by plane, not as a matrix product, whose rounding depends on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Change = Callable[[np.ndarray, np.random.Generator, float], None]
"""Changes one image, float32 RGB of shape (size, size, 3), in place; the caller clips it to 0..255. Takes its generator and the amount."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Luma weights of red, green and blue (ITU-R BT.601)."""

_TO_YIQ = np.array([LUMA, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
"""The YIQ colour space of NTSC: luma, and two orthogonal axes in which a rotation changes the hue."""


def _brightness(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    image += _drawn(random) * amount * 255


def _contrast(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    _scale_from(image, image.mean(axis=(0, 1)), 1 + _drawn(random) * amount)


def _saturation(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    """Interpolation with the image's own grey (Haeberli & Voorhies 1994), as torchvision and Keras do it."""
    _scale_from(image, [_combined(image, LUMA)] * 3, 1 + _drawn(random) * amount)


def _hue(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    """A rotation in the chroma plane of YIQ, which preserves luma (Haeberli 1993, Matrix Operations for Image Processing)."""
    angle = np.radians(random.uniform(-amount, amount))
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    matrix = np.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ
    image[...] = np.stack([_combined(image, row) for row in matrix], axis=-1)


COLOUR: dict[str, Change] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
}


def _drawn(random: np.random.Generator) -> np.float32:
    return np.float32(random.uniform(-1, 1))


def _scale_from(image: np.ndarray, centres: Sequence[np.ndarray], factor: np.float32) -> None:
    """Scales the difference of each plane from a centre: a number, or a plane."""
    for channel, centre in enumerate(centres):
        plane = image[..., channel]
        plane -= centre
        plane *= factor
        plane += centre


def _combined(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A weighted sum of the three planes: float32, shape (size, size)."""
    red, green, blue = weights.astype(np.float32)
    result = image[..., 0] * red
    result += image[..., 1] * green
    result += image[..., 2] * blue
    return np.asarray(result)


ASPECT = 1 / 0.3
"""Maximum aspect ratio of an erased rectangle (Zhong et al. 2017)."""


def _gaussian_noise(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    deviation = np.float32(random.uniform(0, amount) * 255)
    noise = random.standard_normal(image.shape, dtype=np.float32)
    noise *= deviation
    image += noise


def _blur(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    if deviation := random.uniform(0, amount) * len(image):
        weights = _half_kernel(deviation)
        image[...] = _blurred(_blurred(image, weights, 0), weights, 1)


def _random_erasing(image: np.ndarray, random: np.random.Generator, amount: float) -> None:
    """Random Erasing Data Augmentation (Zhong et al. 2017); the aspect ratio is drawn from those that fit, not by rejection."""
    size = len(image)
    area = random.uniform(0, amount)
    longest = np.log(min(ASPECT, 1 / max(area, 1e-9)))
    aspect = np.exp(random.uniform(-longest, longest))
    height, width = round(size * np.sqrt(area * aspect)), round(size * np.sqrt(area / aspect))
    top, left = random.integers(0, size - height + 1), random.integers(0, size - width + 1)
    hole = image[top : top + height, left : left + width]
    hole[...] = random.random(hole.shape, dtype=np.float32) * 255


CORRUPTION: dict[str, Change] = {
    "gaussian_noise": _gaussian_noise,
    "blur": _blur,
    "random_erasing": _random_erasing,
}


def _half_kernel(deviation: float) -> np.ndarray:
    """Weights of a Gaussian at 0, 1, 2 ... pixels up to three standard deviations: float32; both sides together sum to 1."""
    places = np.arange(int(np.ceil(3 * deviation)) + 1)
    weights = np.exp(-0.5 * (places / deviation) ** 2)
    return (weights / (2 * weights.sum() - 1)).astype(np.float32)


def _blurred(image: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """The image blurred along one axis; reflected at the edges."""
    radius, size = len(weights) - 1, image.shape[axis]
    around = [(0, 0), (0, 0), (0, 0)]
    around[axis] = (radius, radius)
    padded = np.pad(image, around, mode="symmetric")
    shifted = [padded[(slice(None),) * axis + (slice(start, start + size),)] for start in range(2 * radius + 1)]
    result = image * weights[0]
    pair = np.empty_like(result)
    for distance, weight in enumerate(weights[1:], 1):
        np.add(shifted[radius - distance], shifted[radius + distance], out=pair)
        pair *= weight
        result += pair
    return result
