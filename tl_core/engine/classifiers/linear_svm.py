"""A linear support vector machine: mean squared hinge loss + l2 * |w|**2, without a penalty on the bias, like the softmax head.

scikit-learn's penalises the bias too, and cannot be stopped: the loss is minimised here, with SciPy.
"""

from __future__ import annotations

import logging

import numpy as np

from tl_core.engine.classifiers.solution import Solution, Task

_STEPS, _TOLERANCE = 5000, 1e-6
"""The most steps of the minimisation, and the largest gradient at its end."""

log = logging.getLogger(__name__)


def fit(task: Task) -> Solution:
    """The minimum of the mean squared hinge loss of one-vs-rest classifiers + l2 * |w|**2; two classes have one classifier.

    Weights are sought in the basis of the principal components of the centred features, each scaled by what loss and penalty curve it, so that
    all directions are about equally steep: that takes a few hundred steps of L-BFGS instead of thousands.
    """
    from scipy.optimize import minimize

    features, labels, l2, count = task.features, task.labels, task.head.l2, task.classes
    targets = np.where(labels[:, None] == (np.arange(count) if count > 2 else [1]), 1.0, -1.0)
    mean = features.mean(axis=0)
    variances, components = np.linalg.eigh(np.cov((features - mean).T, bias=True).reshape(len(mean), -1))
    varying = variances > 1e-12 * variances.max()  # Elsewhere the weights of the minimum are zero.
    scales = 1 / np.sqrt(variances[varying] + l2)
    basis = components[:, varying] * scales
    inputs, penalties = (features - mean) @ basis, l2 * scales[:, None] ** 2

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        task.watch()
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
        kernel, bias = np.concatenate([-kernel, kernel], axis=1), np.concatenate([-bias, bias])
    return Solution((kernel, bias))


def _parts(values: np.ndarray, classifiers: int) -> tuple[np.ndarray, np.ndarray]:
    rows = values.reshape(-1, classifiers)
    return rows[:-1], rows[-1]
