"""Generated learning curves whose law is known: which validation images heads misclassify, trained on draws of a collection of images.

A head misclassifies an image if

    difficulty + own(draw, image) + quality(draw) + chance

exceeds a threshold that is such that the share of all images there are follows error(n) = floor + scale * n**-power exactly. own: what the
training images do to this one, the sum of an effect of each; quality: their effect on all images alike. So draws that share images err alike, and
what the collection as a whole is like shows in no draw. Both shrink with the number of training images.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FRACTIONS = (0.05, 0.09, 0.125, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
DRAWS = 4
COLLECTIONS, VALIDATED = (300, 1000, 3000), (100, 200, 341, 600, 1000)


@dataclass(frozen=True)
class Generated:
    """A learning curve as measured, and its law.

    Attributes:
        images: Shape (points,).
        wrong: bool, shape (points, draws, validation images).
    """

    images: np.ndarray
    wrong: np.ndarray
    floor: float
    scale: float
    power: float

    def error(self, images: float) -> float:
        """The error of all images there are, with heads trained on so many images of any collection."""
        return float(self.floor + self.scale * images**-self.power)


def generate(seed: int, bent: bool = False) -> Generated:
    """A learning curve.

    Args:
        bent: It follows no power law: halfway its error is as it was at first, then it falls.
    """
    rng = np.random.default_rng([seed, 29])
    collection, validated = int(rng.choice(COLLECTIONS)), int(rng.choice(VALIDATED))
    images = np.array([round(fraction * collection) for fraction in FRACTIONS])
    power, floor = rng.uniform(0.25, 1.25), 0.0 if rng.random() < 0.2 else rng.uniform(0.0, 0.3)
    made = (floor, float(rng.uniform(0.1, 0.45) * images[0] ** power), power)
    curve = Generated(images, np.empty(0), *made)
    errors = np.array([curve.error(size) for size in images])
    if bent:
        errors[: len(errors) // 2 + 1] = errors[0]
    wrong = _wrong(rng, images, errors, collection, validated)
    return Generated(images, wrong, *made)


def _wrong(
    rng: np.random.Generator, images: np.ndarray, errors: np.ndarray, collection: int, validated: int
) -> np.ndarray:
    own, quality, chance = rng.uniform(0.2, 0.8), rng.uniform(0.0, 0.15), rng.uniform(0.05, 0.3)
    difficulty = rng.standard_normal(validated, np.float32)
    effects = rng.standard_normal((collection, validated), np.float32)
    qualities = rng.standard_normal(collection)
    shrunk = images[0] / images
    owns, alike = own * shrunk**0.25, quality * shrunk**0.5
    thresholds = [
        NormalDist(0, (1 + of_own**2 + of_all**2 + chance**2) ** 0.5).inv_cdf(1 - error)
        for of_own, of_all, error in zip(owns, alike, errors, strict=True)
    ]
    found = []
    for size, of_own, of_all, threshold in zip(images, owns, alike, thresholds, strict=True):
        for _ in range(DRAWS):
            drawn = np.zeros(collection, np.float32)
            drawn[rng.permutation(collection)[:size]] = 1 / np.sqrt(size)
            margin = difficulty + of_own * (drawn @ effects) + of_all * float(drawn @ qualities)
            found.append(margin + chance * rng.standard_normal(validated) > threshold)
    return np.array(found).reshape(len(images), DRAWS, validated)
