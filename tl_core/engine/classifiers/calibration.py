"""Makes outputs probabilities: one temperature, fitted on outputs for training images that their classifier was not solved on.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv:1706.04599), who fit it on validation images. Here
they stay unseen, so that validation loss remains comparable with that of heads that are not calibrated. An image with a label at random: Platt 1999,
"Probabilistic outputs for support vector machines".
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from tl_core.engine.classifiers.solution import Fit, Solution, Task

FOLDS = 5

_HIGHEST = 1e4
"""Temperatures are sought between this and its inverse."""

log = logging.getLogger(__name__)


def calibrated(task: Task, fit: Fit) -> Solution:
    """A solution whose temperature is fitted on the outputs of solutions for other images (cross-fitting)."""
    solution = fit(task)
    held_out = cross_fitted(task, fit)
    return with_temperature(solution, temperature(*held_out) if held_out else None)


def with_temperature(solution: Solution, found: float | None) -> Solution:
    """A solution with a temperature; as it is, which is logged, if the training images tell none."""
    if found is None:
        log.warning(
            "Fewer than two classes have two training images: the classifier's probabilities are not calibrated."
        )
        return solution
    return solution.at_temperature(found)


def left_out_temperature(outputs: np.ndarray, labels: np.ndarray) -> float | None:
    """The temperature of outputs that each training image got when it was left out; None if fewer than two classes have two images.

    An image that is alone in its class tells nothing: without it there is no such class, whatever the classifier is worth.
    """
    several = _several(labels)
    return temperature(outputs[several], labels[several]) if len(np.unique(labels[several])) > 1 else None


def _several(labels: np.ndarray) -> np.ndarray:
    """Whether the class of each image has another one: bool, shape (images,)."""
    return np.asarray((np.bincount(labels) > 1)[labels])


def cross_fitted(task: Task, fit: Fit) -> tuple[np.ndarray, np.ndarray] | None:
    """Outputs for each image of solutions on the other folds, and the labels; None if fewer than two classes have two images.

    Classes with a single image are left out: without it there is nothing to solve. The images of a class take turns in the folds.
    """
    several = _several(task.labels)
    present, labels = np.unique(task.labels[several], return_inverse=True)
    if len(present) < 2:
        return None
    features, folds = task.features[several], _folds(labels)
    outputs = np.empty((len(labels), len(present)))
    for fold in range(FOLDS):
        out = folds == fold
        if out.any():
            others = replace(task, features=features[~out], labels=labels[~out])
            outputs[out] = fit(others).outputs(features[out])
    return outputs, labels


def temperature(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the lowest mean cross-entropy of `outputs` (images, classes) divided by it.

    One more image is taken to have a label at random, as Platt 1999 does: where every image is classified correctly, the lowest cross-entropy
    is that of temperature 0, and the first image that is not would cost any loss.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows, at_random = np.arange(len(labels)), 1 / (len(labels) + 1)

    def loss(exponent: float) -> float:
        found = log_softmax(outputs * np.exp(-exponent), axis=1)
        return -float((1 - at_random) * found[rows, labels].mean() + at_random * found.mean())

    bound = np.log(_HIGHEST)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-4}).x))


def _folds(labels: np.ndarray) -> np.ndarray:
    """The fold of each image: int64, shape (images,)."""
    order = np.argsort(labels, kind="stable")
    ranks = np.empty(len(labels), np.int64)
    starts = np.searchsorted(labels[order], labels[order])
    ranks[order] = np.arange(len(labels)) - starts
    return ranks % FOLDS
