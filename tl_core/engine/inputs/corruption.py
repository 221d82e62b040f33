"""Augmentations that remove information: noise, blur, erasing."""

from __future__ import annotations

import numpy as np

from tl_core.engine.inputs.colour import Change

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
