"""LogME: how well pooled features are expected to transfer, without training.

The evidence of Bayesian linear regression from the features to each class's 0/1 targets, maximised over the precisions of the weights and of
the noise; the logarithm per image, averaged over classes. Source: You et al. 2021, "LogME: practical assessment of pre-trained models for transfer
learning" (arXiv:2102.11005). Its authors iterate to a fixed point; here the ratio of the precisions is searched, for which everything else is in
closed form: with fewer images than channels the maximum may lie where that ratio is almost zero, which the iteration reaches slowly.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

_GRID = np.linspace(-10.0, 10.0, 81)
"""Logarithms to base 10 of the ratio of the precisions, over the mean squared singular value: where the search begins."""


def logme(features: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """LogME of features (float, shape (images, channels)) for labels (int, 0..classes-1); higher is better. Comparable for equal labels only."""
    basis, singular, _ = np.linalg.svd(features.astype(np.float64), full_matrices=False)
    kept = singular > singular.max(initial=0.0) * 1e-10
    variances = np.square(singular[kept])
    targets = (labels[:, None] == np.arange(classes)).astype(np.float64)
    coordinates = np.square(basis[:, kept].T @ targets)
    outside = np.square(targets).sum(axis=0) - coordinates.sum(axis=0)
    found = [_highest(variances, *column, len(labels)) for column in zip(coordinates.T, outside, strict=True)]
    return float(np.mean(found)) / len(labels)


def _highest(variances: np.ndarray, squares: np.ndarray, outside: float, images: int) -> float:
    """The highest log evidence of one target.

    Args:
        variances: Squared singular values of the features, shape (rank,).
        squares: The target's squared coordinates along their left singular vectors, shape (rank,).
        outside: What of the target's squared length the features cannot reach.
    """
    scale = variances.mean() if len(variances) else 1.0

    def lost(exponent: float) -> float:
        return -_log_evidence(scale * 10.0**exponent, variances, squares, outside, images)

    start = _GRID[int(np.argmin([lost(exponent) for exponent in _GRID]))]
    step = _GRID[1] - _GRID[0]
    found = minimize_scalar(lost, bounds=(start - step, start + step), method="bounded", options={"xatol": 1e-6})
    return -float(found.fun)


def _log_evidence(ratio: float, variances: np.ndarray, squares: np.ndarray, outside: float, images: int) -> float:
    """The log evidence for a ratio of the weights' precision to the noise's, of which the latter is the best."""
    # Squared errors plus the ratio times the squared weights, of the solution; at least as much as rounding leaves.
    misfit = max(float((squares * ratio / (ratio + variances)).sum()) + max(outside, 0.0), 1e-12 * images)
    volume = float(np.log(ratio / (ratio + variances)).sum())
    return (volume - images * (np.log(2 * np.pi * misfit / images) + 1)) / 2
