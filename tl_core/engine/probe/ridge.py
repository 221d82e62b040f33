"""Ridge regression to targets of +-1, solved for all penalties at once; the training images alone select the penalty.

One eigendecomposition serves all penalties, as in big_vision's `evaluators/fewshot_lsr.py`. Leave-one-out outputs have a closed form
(Allen 1974, PRESS; Golub, Heath and Wahba 1979), by which the penalty is selected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

L2 = tuple(10.0**exponent for exponent in np.arange(-6, 3.5, 0.5).tolist())
"""Candidate penalties: of mean squared error + l2 * |w|**2 on standardised features, so the same for any number of images."""


@dataclass(frozen=True)
class Ridge:
    """The solutions for all penalties, in the eigenbasis.

    Attributes:
        mean, scale: Of the training features: float64, shape (channels,). A constant channel has scale inf.
        basis: Principal directions of the standardised features: float64, shape (channels, rank).
        variances: Their eigenvalues, shape (rank,).
        coordinates: The training images in that basis, shape (images, rank).
        targets: +1 for an image's class and -1 for the others, less `offset`: float64, shape (images, classes).
        offset: Their mean, shape (classes,); it is not penalised.
    """

    mean: np.ndarray
    scale: np.ndarray
    basis: np.ndarray
    variances: np.ndarray
    coordinates: np.ndarray
    targets: np.ndarray
    offset: np.ndarray

    def outputs(self, features: np.ndarray, l2: float) -> np.ndarray:
        """Outputs of the solution for a penalty on features (images, channels): float64, shape (images, classes)."""
        return standardised(features, self.mean, self.scale) @ (self.basis @ self._weights(l2)) + self.offset

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
    mean, scale = _moments(features)
    standard = standardised(features, mean, scale)
    targets = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)
    offset = targets.mean(axis=0)
    basis, variances = _principal(standard)
    return Ridge(mean, scale, basis, variances, standard @ basis, targets - offset, offset)


def chosen(ridge: Ridge, labels: np.ndarray) -> float:
    """The penalty with the highest leave-one-out accuracy; ties: the least squared error."""

    def merit(l2: float) -> tuple[float, float]:
        outputs = ridge.left_out(l2)
        error = np.square(outputs - ridge.offset - ridge.targets).mean()
        return accuracy(outputs, labels), -float(error)

    return max(L2, key=merit)


def accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose highest output is that of their label."""
    return float((outputs.argmax(axis=1) == labels).mean())


def standardised(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Standardised features: float64."""
    return (features.astype(np.float64) - mean) / scale


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    # Rounding gives a constant channel a tiny deviation; dividing by it would amplify noise to the scale of a feature.
    constant = deviation <= 1e-6 * np.abs(mean)
    return mean, np.where(constant, np.inf, deviation)


def _principal(standard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions (channels, rank) and eigenvalues (rank,) of X'X, from whichever of X'X and XX' is smaller."""
    images, channels = standard.shape
    if channels <= images:
        variances, basis = np.linalg.eigh(standard.T @ standard)
    else:
        variances, basis = np.linalg.eigh(standard @ standard.T)
    kept = variances > variances[-1] * 1e-12 if variances[-1] > 0 else np.zeros(len(variances), bool)
    variances, basis = variances[kept], basis[:, kept]
    return (basis if channels <= images else standard.T @ basis / np.sqrt(variances)), variances
