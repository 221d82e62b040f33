"""What each augmentation does to pixels.

Every draw is a function of (seed, epoch, the image's key), so an image is changed the same way whatever batch it comes in and
whatever other files could be read: a resumed run goes on exactly, and a preview that decodes one image shows what training sees
of it. Geometric changes that follow each other are one matrix: the
image is sampled once, not blurred once for each. What comes into view from outside is filled by mirroring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.seeds import generator_of
from tl_core.spec import Augment

Draw = Callable[[np.random.Generator, float], np.ndarray]
"""From a random generator and the amount to a 3 x 3 matrix from places in the new image to places in the old one.

Places are measured from the image's centre in units of its side: -0.5 to 0.5."""


def _horizontal_flip(random: np.random.Generator, amount: float) -> np.ndarray:
    return np.diag([-1.0 if random.random() < amount else 1.0, 1.0, 1.0])


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


GEOMETRIC: dict[str, Draw] = {
    "horizontal_flip": _horizontal_flip,
    "rotation": _rotation,
    "zoom": _zoom,
    "translation": _translation,
    "random_crop": _random_crop,
}

Colour = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""From images and one uniform draw in -1..1 for each (shape (batch, 1, 1, 1)) and the amount to images."""


def _brightness(images: np.ndarray, draws: np.ndarray, amount: float) -> np.ndarray:
    return images + draws * amount * 255


def _contrast(images: np.ndarray, draws: np.ndarray, amount: float) -> np.ndarray:
    means = images.mean(axis=(1, 2), keepdims=True)
    return means + (images - means) * (1 + draws * amount)


COLOUR: dict[str, Colour] = {"brightness": _brightness, "contrast": _contrast}


def augmented(
    images: np.ndarray, keys: Sequence[str], augments: Sequence[Augment], seed: int, epoch: int
) -> np.ndarray:
    """Images as training sees them in an epoch.

    Args:
        images: uint8 or float32 RGB 0..255, shape (batch, size, size, 3).
        keys: The key of each image within its dataset (`Item.key`); decides its draws.
        augments: What to do, in order.

    Returns:
        float32 RGB 0..255 of the same shape; the input itself, cast, where there is nothing to do.
    """
    result = np.asarray(images, dtype=np.float32)
    randoms = [generator_of("augment", seed, epoch, key) for key in keys]
    for geometric, steps in _stages(augments):
        if geometric:
            matrices = np.stack([_matrix(steps, random) for random in randoms])
            result = _moved(result, matrices)
            continue
        for step in steps:
            draws = np.array([random.uniform(-1, 1) for random in randoms], dtype=np.float32).reshape(-1, 1, 1, 1)
            result = np.clip(COLOUR[step.name](result, draws, step.amount), 0, 255)
    return result


def _stages(augments: Sequence[Augment]) -> Iterator[tuple[bool, list[Augment]]]:
    """Neighbours of one kind together: (whether they are geometric, the steps)."""
    return ((kind, list(steps)) for kind, steps in groupby(augments, lambda step: step.name in GEOMETRIC))


def _matrix(steps: Sequence[Augment], random: np.random.Generator) -> np.ndarray:
    matrix = np.eye(3)
    for step in steps:
        matrix = matrix @ GEOMETRIC[step.name](random, step.amount)
    return matrix


def _moved(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Images sampled at moved places, bilinear; mirrored beyond the edge."""
    size = images.shape[1]
    to_pixels = np.array([[size, 0, (size - 1) / 2], [0, size, (size - 1) / 2], [0, 0, 1]])
    in_pixels = to_pixels @ matrices @ np.linalg.inv(to_pixels)
    flat = in_pixels.reshape(-1, 9)[:, :8].astype(np.float32)
    moved = keras.ops.image.affine_transform(images, flat, interpolation="bilinear", fill_mode="reflect")
    return np.clip(keras.ops.convert_to_numpy(moved), 0, 255)
