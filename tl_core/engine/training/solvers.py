"""Classifiers solved in closed form on frozen features; their weights are assigned to the network's last layer.

Both minimise mean loss + l2 * |w|**2 without a penalty on the bias, like the softmax head, so `head.l2` means the same. Logistic regression is
scikit-learn's, whose C is 1 / (2 * images * l2). Its linear SVM penalises the bias too, and cannot be stopped: the squared hinge loss is
minimised here, with SciPy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.experiment.spec import HeadSpec

_NO_PENALTY = 1e12

_STEPS, _TOLERANCE = 5000, 1e-6
"""The most steps of the minimisation for an SVM, and the largest gradient at its end."""

log = logging.getLogger(__name__)


def _unwatched() -> None:
    pass


def solve(
    model: keras.Model,
    head: HeadSpec,
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    watch: Callable[[], None] = _unwatched,
) -> None:
    """Fits the classifier to features (float32, shape (images, channels)) and assigns it to the network's last layer.

    Args:
        watch: Called many times while an SVM is fitted; what it raises ends the fit.
    """
    present, known = np.unique(labels, return_inverse=True)
    numbers = features.astype(np.float64)
    if head.classifier == "logistic-regression":
        kernel, bias = _logistic_regression(numbers, labels, head.l2)
    else:
        kernel, bias = _linear_svm(numbers, known, head.l2, watch)
    whole = np.zeros((features.shape[1], classes), np.float32)
    offsets = np.full(classes, -1e3, np.float32)  # A class without training images is never predicted.
    whole[:, present], offsets[present] = kernel, bias
    model.get_layer(CLASSIFIER).set_weights([whole, offsets])


def _logistic_regression(features: np.ndarray, labels: np.ndarray, l2: float) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    penalty = 1 / (2 * len(labels) * l2) if l2 else _NO_PENALTY
    solver = LogisticRegression(C=penalty, max_iter=2000, tol=1e-5).fit(features, labels)
    weights, bias = solver.coef_, solver.intercept_
    if len(weights) == 1:  # scikit-learn has one row for two classes: that of the second.
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights.T, bias


def _linear_svm(
    features: np.ndarray, labels: np.ndarray, l2: float, watch: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The minimum of the mean squared hinge loss of one-vs-rest classifiers + l2 * |w|**2; two classes have one classifier.

    Weights are sought in the basis of the principal components of the centred features, each scaled by what loss and penalty curve it, so that
    all directions are about equally steep: that takes a few hundred steps of L-BFGS instead of thousands.
    """
    from scipy.optimize import minimize

    count = int(labels.max()) + 1
    targets = np.where(labels[:, None] == (np.arange(count) if count > 2 else [1]), 1.0, -1.0)
    mean = features.mean(axis=0)
    variances, components = np.linalg.eigh(np.cov((features - mean).T, bias=True).reshape(len(mean), -1))
    varying = variances > 1e-12 * variances.max()  # Elsewhere the weights of the minimum are zero.
    scales = 1 / np.sqrt(variances[varying] + l2)
    basis = components[:, varying] * scales
    inputs, penalties = (features - mean) @ basis, l2 * scales[:, None] ** 2

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        watch()
        weights, bias = _parts(values, targets.shape[1])
        missing = np.maximum(0, 1 - targets * (inputs @ weights + bias))
        by_output = -2 * targets * missing / len(targets)
        gradient = np.concatenate([inputs.T @ by_output + 2 * penalties * weights, by_output.sum(axis=0)[None]])
        value = (missing**2).sum() / len(targets) + (penalties * weights**2).sum()
        return float(value), gradient.ravel()

    first = np.zeros((len(scales) + 1) * targets.shape[1])
    options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "gtol": _TOLERANCE, "ftol": 1e-13}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options=options)
    if found.nit >= _STEPS:
        log.warning("The minimum of the SVM was not quite reached in %d steps. A higher head.l2 helps.", found.nit)
    weights, bias = _parts(found.x, targets.shape[1])
    kernel = basis @ weights
    bias = bias - mean @ kernel
    if count == 2:  # Both columns have the margin, with opposite signs.
        return np.concatenate([-kernel, kernel], axis=1), np.concatenate([-bias, bias])
    return kernel, bias


def _parts(values: np.ndarray, classifiers: int) -> tuple[np.ndarray, np.ndarray]:
    rows = values.reshape(-1, classifiers)
    return rows[:-1], rows[-1]
