"""What the stages of a network know of the training images, and from that how like ImageNet they are.

Each training image is predicted by classifiers that did not see it, so that validation images stay untouched: advice selects settings.
The top of a network is specific to what it was trained on and earlier stages are general (Yosinski et al. 2014, arXiv:1411.1792); the stage that
serves best moves down as the task moves away from ImageNet (Azizpour et al. 2015, arXiv:1406.5774). So the top is compared with the best earlier
stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tl_core.engine.advice.estimates import mean, share
from tl_core.engine.advice.heads import losses
from tl_core.engine.classifiers import ridge
from tl_core.engine.probe import neighbours
from tl_core.errors import RunFailed
from tl_core.intervals import Estimate
from tl_core.results.advice import Block, Likeness

RESAMPLES, SEED = 1000, 0

EARLIER = 2 / 3
"""The share of a network's cuts that count as earlier stages. Those above differ little from the top, so they tell little about it."""


@dataclass(frozen=True, eq=False)
class Known:
    """What classifiers on one block know of each training image that they did not see.

    Attributes:
        linear: Whether ridge regression is right: bool, shape (images,).
        losses: Its cross-entropy: float64, shape (images,).
        neighbours: Whether the nearest neighbours are right: bool, shape (images asked,).
        asked: The rows of those images.
    """

    linear: np.ndarray
    losses: np.ndarray
    neighbours: np.ndarray
    asked: np.ndarray

    @property
    def accuracy(self) -> Estimate:
        return share(self.linear)


def known(cut: str, features: np.ndarray, labels: np.ndarray, classes: int) -> Known:
    """Fits ridge regression and nearest neighbours to features (float, shape (images, channels)); raises RunFailed for NaN."""
    if not np.isfinite(features).all():
        raise RunFailed(
            f"Features of {cut} are NaN for some images; the weights are damaged, or belong to another network."
        )
    solved = ridge.solve(features, labels, classes)
    outputs = solved.left_out(ridge.chosen(solved, labels))
    near = neighbours.left_out(features, labels, classes)
    return Known(outputs.argmax(axis=1) == labels, losses(outputs, labels), near.right, near.asked)


def block(cut: str, found: Known) -> Block:
    return Block(cut, found.accuracy, share(found.neighbours), mean(found.losses))


def likeness(found: Mapping[str, Known]) -> Likeness:
    """How like ImageNet the images are, by what is known on each cut, from the input to the output.

    Resamples draw images; the best earlier stage is selected anew in each, so the interval contains what that selection adds.
    """
    cuts = list(found)
    top, earlier = cuts[-1], cuts[: max(1, round(len(cuts) * EARLIER))]
    linear = np.stack([found[cut].linear for cut in (*earlier, top)])
    near = np.stack([found[cut].neighbours for cut in (*earlier, top)])
    rng = np.random.default_rng(SEED)
    images = linear.shape[1]
    # How often each image is drawn; first the images as they are.
    drawn = np.concatenate([np.ones((1, images)), rng.multinomial(images, np.full(images, 1 / images), RESAMPLES)])
    asked = drawn[:, found[top].asked]
    columns = [_avoided(linear, drawn), _avoided(near, asked)]
    parts = [_around(column) for column in (*columns, (columns[0] + columns[1]) / 2)]
    best = earlier[int(linear[:-1].mean(axis=1).argmax())]
    above = float(((columns[0] + columns[1])[1:] > 0).mean())
    return Likeness(parts[2], parts[0], parts[1], above, best, top)


def _avoided(right: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """`avoided` in each resample: float64, shape (resamples,).

    Args:
        right: Whether each classifier is right: shape (classifiers, images).
        drawn: How often each image is drawn: shape (resamples, images).
    """
    counts = np.maximum(drawn.sum(axis=1), 1)
    return avoided((drawn @ right.T.astype(float)) / counts[:, None])


def avoided(accuracies: np.ndarray) -> np.ndarray:
    """The share of errors that the last of some classifiers avoids of those of the best before it; negative the other way round.

    1: it makes none; 0: as many; -1: the other makes none.

    Args:
        accuracies: Shape (..., classifiers).
    """
    before, last = 1 - accuracies[..., :-1].max(axis=-1), 1 - accuracies[..., -1]
    more = np.maximum(before, last)
    return np.where(more > 0, (before - last) / np.where(more > 0, more, 1.0), 0.0)


def _around(resampled: np.ndarray) -> Estimate:
    """The first value with the 95 % interval of the others."""
    value, (low, high) = float(resampled[0]), np.quantile(resampled[1:], (0.025, 0.975))
    return Estimate(value, min(value, float(low)), max(value, float(high)))
