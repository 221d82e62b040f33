"""What heads that are solved at once reach on the features of a block, each training image left out in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tl_core.engine.advice.estimates import mean, share
from tl_core.engine.classifiers import random_projection, ridge
from tl_core.engine.classifiers.calibration import left_out_temperature
from tl_core.engine.classifiers.solution import rectified
from tl_core.results.advice import SolvedHead

Watch = Callable[[], None]


def solved_heads(
    cut: str, features: np.ndarray, labels: np.ndarray, classes: int, units: int, seed: int, watch: Watch
) -> tuple[SolvedHead, ...]:
    """Ridge regression on features (float, shape (images, channels)), then on a random projection of them.

    Both select penalty and temperature on the same images, as a run does.

    Args:
        units: Of the random projection; `seed` draws it.
        watch: Called before each; what it raises ends the measurement.
    """
    watch()
    plain = _head(cut, "ridge", features, labels, classes)
    watch()
    projected = rectified(features, random_projection.drawn(features, units, seed))
    return plain, _head(cut, "random-projection", projected, labels, classes)


def _head(cut: str, classifier: str, inputs: np.ndarray, labels: np.ndarray, classes: int) -> SolvedHead:
    solved = ridge.solve(inputs, labels, classes)
    outputs = solved.left_out(ridge.chosen(solved, labels))
    return SolvedHead(cut, classifier, mean(losses(outputs, labels)), share(outputs.argmax(axis=1) == labels))


def losses(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross-entropy of each image after softmax of the outputs (images, classes) that it got when it was left out: float64, shape (images,).

    At their best temperature, or at 1 if the images tell none, as in a run.
    """
    from scipy.special import log_softmax

    logs = log_softmax(outputs / (left_out_temperature(outputs, labels) or 1.0), axis=1)
    return np.asarray(-logs[np.arange(len(labels)), labels])
