"""Labels that are probably wrong, and whether the network memorised them.

A network first learns what images have in common, later what contradicts it (Arpit et al. 2017). Early, and at its best epoch, images with
wrong labels are therefore those whose label it finds improbable: a hump of their own among the training losses (Arazo et al. 2019), and
training images that it gets wrong more often than validation images. That they are right at the end is memorising.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tl_core.diagnosis.ladder import difference, share
from tl_core.intervals import Estimate

LEAST_SHARE, LEAST_IMAGES = 0.05, 8
BEHIND, CERTAIN = 0.02, 1.5
"""Validation accuracy above clean training accuracy by that much, and by so many half widths of its 95 % interval, which makes 99.7 %."""

DISTANCE, VALLEY = 2.0, 0.95
"""Ashman's D from which two humps are apart, and the most that the density between them may be of the lower one's top."""

BOUND = 8.0
"""Logits beyond are cut: how very certain an answer is tells nothing here."""


@dataclass(frozen=True)
class Humps:
    """Two humps of the logits of the labels' probabilities.

    Attributes:
        low: The share of the lower hump.
        distance: Between the humps, in their mean width (Ashman's D).
        split: The logit that parts them.
    """

    low: float
    distance: float
    split: float


@dataclass(frozen=True)
class Memorised:
    """What a network learned late.

    Attributes:
        images, share: Training images that became right from the early epochs to the end, less those that became wrong.
        humps: Whether they stand apart; None if not.
        behind: Validation accuracy minus clean training accuracy in the early epochs; None unless it is above 0 by more than chance.
    """

    images: int
    share: float
    humps: Humps | None
    behind: Estimate | None

    @property
    def holds(self) -> bool:
        many = self.images >= LEAST_IMAGES and self.share >= LEAST_SHARE
        return many and (self.humps is not None or self.behind is not None)


def memorised(loss: np.ndarray, early: np.ndarray, end: np.ndarray, validated: tuple[float, int]) -> Memorised:
    """What was learned from the early epochs, by which most of what is general is known, to the end.

    Args:
        loss: Of each training image at the lowest validation loss, float, shape (images,).
        early, end: Whether each is right there, bool.
        validated: Validation accuracy in the early epochs, and the number of validation images.
    """
    net = int(end.sum()) - int(early.sum())
    humps = two_humps(loss)
    if humps is not None:
        low = _logit(loss) < humps.split
        humps = humps if (end & ~early)[low].sum() >= 0.5 * low.sum() else None
    behind = difference(share(*validated), share(float(early.mean()), len(early)))
    certain = behind.value >= BEHIND and behind.value - CERTAIN * (behind.value - behind.low) > 0
    return Memorised(net, net / len(early), humps, behind if certain else None)


def two_humps(loss: np.ndarray) -> Humps | None:
    """The humps of training losses, as logits of the probability of the label; None unless they are two, the lower one below 1/2."""
    logit = _logit(loss)
    below = logit < 0
    if min(below.sum(), (~below).sum()) < LEAST_IMAGES:
        return None
    weight, middle, width = _mixture(logit, below)
    if middle[0] >= 0 or weight[0] < LEAST_SHARE:
        return None
    distance = float((middle[1] - middle[0]) / np.sqrt((width**2).mean()))
    between = np.linspace(float(middle[0]), float(middle[1]), 101)
    density = (weight / width * np.exp(-0.5 * ((between[:, None] - middle) / width) ** 2)).sum(axis=1)
    lowest = int(density.argmin())
    if distance < DISTANCE or density[lowest] > VALLEY * min(density[0], density[-1]):
        return None
    return Humps(float(weight[0]), distance, float(between[lowest]))


def _logit(loss: np.ndarray) -> np.ndarray:
    """Of the probability of the label, within `BOUND`."""
    return np.clip(-np.log(np.expm1(np.clip(loss, 1e-6, 50.0))), -BOUND, BOUND)


def _mixture(values: np.ndarray, below: np.ndarray, steps: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and widths of two normal distributions, by expectation and maximisation from a first division."""
    belongs = np.stack([below, ~below], axis=1).astype(np.float64)
    for _ in range(steps):
        size = belongs.sum(axis=0) + 1e-9
        weight, middle = size / len(values), (belongs * values[:, None]).sum(axis=0) / size
        width = np.sqrt((belongs * (values[:, None] - middle) ** 2).sum(axis=0) / size) + 0.15
        density = weight / width * np.exp(-0.5 * ((values[:, None] - middle) / width) ** 2) + 1e-300
        belongs = density / density.sum(axis=1, keepdims=True)
    order = middle.argsort()
    return weight[order], middle[order], width[order]
