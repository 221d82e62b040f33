"""Classifiers solved by scikit-learn on frozen features; their weights are assigned to the network's last layer.

Both minimise mean loss + l2 * |w|**2 like the softmax head, so `head.l2` means the same: scikit-learn's C is
1 / (2 * images * l2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.experiment.spec import HeadSpec

_NO_PENALTY = 1e12


def solve(
    model: keras.Model, head: HeadSpec, features: np.ndarray, labels: np.ndarray, classes: int, seed: int
) -> None:
    """Fits the classifier to features (float32, shape (images, channels)) and assigns it to the network's last layer."""
    penalty = 1 / (2 * len(labels) * head.l2) if head.l2 else _NO_PENALTY
    solver = _solver(head, penalty, seed)
    solver.fit(features.astype(np.float64), labels)
    kernel, bias = _as_layer(solver, classes)
    model.get_layer(CLASSIFIER).set_weights([kernel, bias])


def _solver(head: HeadSpec, penalty: float, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if head.classifier == "logistic-regression":
        return LogisticRegression(C=penalty, max_iter=2000, tol=1e-5)
    return LinearSVC(C=penalty, dual="auto", max_iter=20_000, random_state=seed)


def _as_layer(solver: Any, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (channels, classes) and bias (classes,) of a dense layer, for all classes."""
    weights, bias = solver.coef_, solver.intercept_
    if len(weights) == 1:  # scikit-learn has one row for two classes: that of the second.
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        if type(solver).__name__ == "LinearSVC":  # A margin, not a difference: both classes get the full value.
            weights, bias = weights * 2, bias * 2
    kernel = np.zeros((weights.shape[1], classes), np.float32)
    offsets = np.full(classes, -1e3, np.float32)  # A class without training images is never predicted.
    kernel[:, solver.classes_], offsets[solver.classes_] = weights.T, bias
    return kernel, offsets
