"""What heads that are solved at once reach on features, each training image left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.engine.advice.estimates import mean, share
from tl_core.engine.classifiers import random_projection, ridge
from tl_core.engine.classifiers.calibration import left_out_temperature
from tl_core.engine.classifiers.solution import rectified
from tl_core.results.advice import SolvedHead

Watch = Callable[[int], None]

CLASSIFIERS = "ridge", "random-projection"


@dataclass(frozen=True, eq=False)
class Read:
    """What heads read.

    Attributes:
        cuts: The blocks, from the input upwards.
        mirror: Whether the features are averaged with those of the mirror image.
        features: Of the training images: float, shape (images, channels of all blocks).
    """

    cuts: tuple[str, ...]
    mirror: bool
    features: np.ndarray


def solved_heads(
    read: Sequence[Read], labels: np.ndarray, classes: int, units: int, seed: int, watch: Watch
) -> Iterator[SolvedHead]:
    """Ridge regression on features, then on a random projection of them; for each of what is read.

    Both select penalty and temperature on the same images, as a run does.

    Args:
        labels: int64 0..classes-1, shape (images,).
        units: Of the random projection; `seed` draws it.
        watch: Called before each head with the number of those before it; what it raises ends the measurement.
    """
    first: np.ndarray | None = None
    comparisons = len(read) * len(CLASSIFIERS) - 1
    for number, one in enumerate(read):
        for place, classifier in enumerate(CLASSIFIERS):
            watch(number * len(CLASSIFIERS) + place)
            right, lost = _left_out(_inputs(classifier, one.features, units, seed), labels, classes)
            yield SolvedHead(
                cut=one.cuts[-1],
                classifier=classifier,
                loss=mean(lost),
                accuracy=share(right),
                joined=one.cuts if len(one.cuts) > 1 else (),
                mirror=one.mirror,
                difference=None if first is None else mean(lost - first, comparisons),
            )
            first = lost if first is None else first


def _inputs(classifier: str, features: np.ndarray, units: int, seed: int) -> np.ndarray:
    if classifier == "ridge":
        return features
    return rectified(features, random_projection.drawn(features, units, seed))


def _left_out(inputs: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether ridge regression is right about each image that it was solved without, and its loss there."""
    solved = ridge.solve(inputs, labels, classes)
    outputs = solved.left_out(ridge.chosen(solved, labels))
    return outputs.argmax(axis=1) == labels, losses(outputs, labels)


def losses(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross-entropy of each image after softmax of the outputs (images, classes) that it got when it was left out: float64, shape (images,).

    At their best temperature, or at 1 if the images tell none, as in a run.
    """
    from scipy.special import log_softmax

    logs = log_softmax(outputs / (left_out_temperature(outputs, labels) or 1.0), axis=1)
    return np.asarray(-logs[np.arange(len(labels)), labels])
