"""Geometric augmentations. Adjacent ones are combined into one matrix, so that an image is resampled (and blurred) only once.

Areas from outside the image are filled by reflection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tl_core.engine.backend import keras
from tl_core.experiment.spec import Augment

Draw = Callable[[np.random.Generator, float], np.ndarray]
"""From a random generator and the amount to a 3 x 3 matrix from coordinates in the new image to coordinates in the old one.

Coordinates are relative to the centre, in units of the side: -0.5 to 0.5."""


def _horizontal_flip(random: np.random.Generator, amount: float) -> np.ndarray:
    return np.diag([-1.0 if random.random() < amount else 1.0, 1.0, 1.0])


def _vertical_flip(random: np.random.Generator, amount: float) -> np.ndarray:
    return np.diag([1.0, -1.0 if random.random() < amount else 1.0, 1.0])


def _rotation(random: np.random.Generator, amount: float) -> np.ndarray:
    angle = np.radians(random.uniform(-amount, amount))
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def _zoom(random: np.random.Generator, amount: float) -> np.ndarray:
    factor = random.uniform(1 - amount, 1 + amount)
    return np.diag([1 / factor, 1 / factor, 1.0])


def _translation(random: np.random.Generator, amount: float) -> np.ndarray:
    across, down = random.uniform(-amount, amount, 2)
    return np.array([[1, 0, -across], [0, 1, -down], [0, 0, 1]])


def _random_crop(random: np.random.Generator, amount: float) -> np.ndarray:
    side = random.uniform(1 - amount, 1)
    across, down = random.uniform(-(1 - side) / 2, (1 - side) / 2, 2)
    return np.array([[side, 0, across], [0, side, down], [0, 0, 1]])


def _shear(random: np.random.Generator, amount: float) -> np.ndarray:
    slope = np.tan(np.radians(random.uniform(-amount, amount)))
    return np.array([[1, slope, 0], [0, 1, 0], [0, 0, 1]])


GEOMETRIC: dict[str, Draw] = {
    "horizontal_flip": _horizontal_flip,
    "vertical_flip": _vertical_flip,
    "rotation": _rotation,
    "zoom": _zoom,
    "translation": _translation,
    "random_crop": _random_crop,
    "shear": _shear,
}


def moved(images: np.ndarray, steps: Sequence[Augment], randoms: Sequence[np.random.Generator]) -> np.ndarray:
    """Images, float32 0..255 of shape (batch, size, size, 3), after some steps of `GEOMETRIC`; sampled bilinearly.

    Args:
        randoms: The generator of each image.
    """
    size = images.shape[1]
    matrices = np.stack([_matrix(steps, random) for random in randoms])
    to_pixels = np.array([[size, 0, (size - 1) / 2], [0, size, (size - 1) / 2], [0, 0, 1]])
    in_pixels = to_pixels @ matrices @ np.linalg.inv(to_pixels)
    flat = in_pixels.reshape(-1, 9)[:, :8].astype(np.float32)
    sampled = keras.ops.image.affine_transform(images, flat, interpolation="bilinear", fill_mode="reflect")
    return np.clip(keras.ops.convert_to_numpy(sampled), 0, 255)


def _matrix(steps: Sequence[Augment], random: np.random.Generator) -> np.ndarray:
    matrix = np.eye(3)
    for step in steps:
        matrix = matrix @ GEOMETRIC[step.name](random, step.amount)
    return matrix
