"""Ridge regression to targets of +-1, solved for all penalties at once; the training images alone select the penalty.

One eigendecomposition serves all penalties, as in big_vision's `evaluators/fewshot_lsr.py`. Leave-one-out outputs have a closed form
(Allen 1974, PRESS; Golub, Heath and Wahba 1979), by which the penalty is selected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tl_core.engine.classifiers.calibration import left_out_temperature, with_temperature
from tl_core.engine.classifiers.solution import Layer, Solution, Task

L2 = tuple(10.0**exponent for exponent in np.arange(-6, 3.5, 0.5).tolist())
"""Candidate penalties: of mean squared error + l2 * |w|**2 on centred features of mean variance 1, so the same for any number of images."""


@dataclass(frozen=True)
class Ridge:
    """The solutions for all penalties, in the eigenbasis.

    Attributes:
        mean: Of each channel of the training features: float64, shape (channels,).
        scale: By which centred features are divided; see `moments`.
        basis: Principal directions of the scaled features: float64, shape (channels, rank).
        variances: Their eigenvalues, shape (rank,).
        coordinates: The training images in that basis, shape (images, rank).
        targets: +1 for an image's class and -1 for the others, less `offset`: float64, shape (images, classes).
        offset: Their mean, shape (classes,); it is not penalised.
    """

    mean: np.ndarray
    scale: float
    basis: np.ndarray
    variances: np.ndarray
    coordinates: np.ndarray
    targets: np.ndarray
    offset: np.ndarray

    def outputs(self, features: np.ndarray, l2: float) -> np.ndarray:
        """Outputs of the solution for a penalty on features (images, channels): float64, shape (images, classes)."""
        return scaled(features, self.mean, self.scale) @ (self.basis @ self._weights(l2)) + self.offset

    def layer(self, l2: float) -> Layer:
        """The solution for a penalty as a dense layer on features."""
        kernel = self.basis @ self._weights(l2) / self.scale
        return kernel, self.offset - self.mean @ kernel

    def fitted(self, l2: float) -> np.ndarray:
        """Outputs on the training images."""
        return self.coordinates @ self._weights(l2) + self.offset

    def left_out(self, l2: float) -> np.ndarray:
        """Leave-one-out outputs on the training images: float64, shape (images, classes)."""
        images = len(self.targets)
        leverage = 1 / images + np.square(self.coordinates) @ (1 / (self.variances + l2 * images))
        fitted = self.coordinates @ self._weights(l2)
        residual = (self.targets - fitted) / np.maximum(1 - leverage, 1e-10)[:, None]
        return self.targets - residual + self.offset

    def _weights(self, l2: float) -> np.ndarray:
        shrunk = 1 / (self.variances + l2 * len(self.targets))
        return shrunk[:, None] * (self.coordinates.T @ self.targets)


def solve(features: np.ndarray, labels: np.ndarray, classes: int) -> Ridge:
    """Solves for every penalty.

    Args:
        features: float, shape (images, channels).
        labels: int64 0..classes-1, shape (images,).
    """
    mean, scale = moments(features)
    centred = scaled(features, mean, scale)
    targets = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)
    offset = targets.mean(axis=0)
    basis, variances = _principal(centred)
    return Ridge(mean, scale, basis, variances, centred @ basis, targets - offset, offset)


def chosen(ridge: Ridge, labels: np.ndarray) -> float:
    """The penalty with the highest leave-one-out accuracy; ties: the least squared error.

    The lowest if no class has two images: an image that is left out is then never recognised, which says nothing about penalties.
    """
    if np.bincount(labels).max() < 2:
        return L2[0]

    def merit(l2: float) -> tuple[float, float]:
        outputs = ridge.left_out(l2)
        error = np.square(outputs - ridge.offset - ridge.targets).mean()
        return accuracy(outputs, labels), -float(error)

    return max(L2, key=merit)


def fit(task: Task) -> Solution:
    """The solution for the penalty that the training images select, with the temperature that fits its leave-one-out outputs."""
    return regression(task.features, task)


def regression(features: np.ndarray, task: Task) -> Solution:
    """The same on other features of the images of a task."""
    task.watch()
    solved = solve(features, task.labels, task.classes)
    l2 = chosen(solved, task.labels)
    left_out = solved.left_out(l2)
    found = {"l2": l2, "left_out_accuracy": accuracy(left_out, task.labels)}
    return with_temperature(Solution(solved.layer(l2), selected=found), left_out_temperature(left_out, task.labels))


def accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose highest output is that of their label."""
    return float((outputs.argmax(axis=1) == labels).mean())


def scaled(features: np.ndarray, mean: np.ndarray, scale: float) -> np.ndarray:
    """Centred features on a common scale: float64."""
    return (features.astype(np.float64) - mean) / scale


def moments(features: np.ndarray) -> tuple[np.ndarray, float]:
    """The mean of each channel, and the root mean variance of the channels that vary.

    One scale for all: on a scale of its own, each channel that hardly varies would count as much as the others, and the last block of a
    network has hundreds of those (docs/closed-form-heads.md).
    """
    mean, variances = features.mean(axis=0, dtype=np.float64), features.var(axis=0, dtype=np.float64)
    varying = variances[variances > 1e-12 * variances.max()]
    return mean, float(np.sqrt(varying.mean())) if len(varying) else 1.0


def _principal(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions (channels, rank) and eigenvalues (rank,) of X'X, from whichever of X'X and XX' is smaller."""
    images, channels = centred.shape
    if channels <= images:
        variances, basis = np.linalg.eigh(centred.T @ centred)
    else:
        variances, basis = np.linalg.eigh(centred @ centred.T)
    kept = variances > variances[-1] * 1e-12 if variances[-1] > 0 else np.zeros(len(variances), bool)
    variances, basis = variances[kept], basis[:, kept]
    return (basis if channels <= images else centred.T @ basis / np.sqrt(variances)), variances
