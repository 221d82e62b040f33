"""k-nearest neighbours by cosine similarity: a classifier without anything to fit.

The number of neighbours is selected by leave-one-out accuracy on the training images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COUNTS = (1, 2, 5, 10, 20, 50)
"""Candidates for the number of neighbours."""

ASKED = 2000
"""Maximum number of training images used to select the number of neighbours."""

_PORTION = 512


def nearest(features: np.ndarray, known: np.ndarray, most: int, own: np.ndarray | None = None) -> np.ndarray:
    """The indices of the most similar rows of `known`, most similar first: int64, shape (images, most).

    Args:
        features, known: float, shape (..., channels).
        own: For each of `features`, the row of `known` that is itself and is excluded; shape (images,).
    """
    known = _of_length_one(known)
    found = []
    for start in range(0, len(features), _PORTION):
        portion = slice(start, start + _PORTION)
        likeness = _of_length_one(features[portion]) @ known.T
        if own is not None:
            likeness[np.arange(len(likeness)), own[portion]] = -np.inf
        found.append(_highest(likeness, most))
    return np.concatenate(found)


def voted(neighbours: np.ndarray, count: int, classes: int) -> np.ndarray:
    """The most common label among the neighbours; ties: the lowest. int64, shape (images,).

    Args:
        neighbours: Their labels, nearest first: int64, shape (images, neighbours).
    """
    return (neighbours[:, :count, None] == np.arange(classes)).sum(axis=1).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The vote of neighbours about training images, each asked of all the others.

    Attributes:
        count: The number of neighbours with the highest accuracy; ties: the fewest.
        asked: The rows of the images: int64, shape (images asked,).
        right: Whether the vote is the label of each: bool, of the same shape.
    """

    count: int
    asked: np.ndarray
    right: np.ndarray


def chosen(features: np.ndarray, labels: np.ndarray, classes: int) -> tuple[int, float]:
    """The number of neighbours with the highest accuracy (ties: the fewest), and that accuracy."""
    found = left_out(features, labels, classes)
    return found.count, float(found.right.mean())


def left_out(features: np.ndarray, labels: np.ndarray, classes: int) -> LeftOut:
    """Asks every training image, or `ASKED` spread evenly over them, of all the others; a single image has none, and is not recognised."""
    if len(labels) < 2:
        return LeftOut(COUNTS[0], np.arange(len(labels)), np.zeros(len(labels), bool))
    asked = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), ASKED)).round().astype(np.int64))
    most = min(len(labels) - 1, COUNTS[-1])
    neighbours = labels[nearest(features[asked], features, most, own=asked)]
    right = {count: voted(neighbours, count, classes) == labels[asked] for count in COUNTS if count <= most}
    best = max(right, key=lambda count: right[count].mean())
    return LeftOut(best, asked, right[best])


def _highest(likeness: np.ndarray, most: int) -> np.ndarray:
    places = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(likeness, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _of_length_one(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, np.finfo(np.float32).tiny)
