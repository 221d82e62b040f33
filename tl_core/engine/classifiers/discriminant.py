"""Linear discriminant analysis with a shrunk covariance: Gaussian classes that share one covariance within classes.

The share of shrinkage has a closed form: Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices".
scikit-learn's `LinearDiscriminantAnalysis` with that share gives the same outputs, by a decomposition that takes many times as long.
"""

from __future__ import annotations

import numpy as np

from tl_core.engine.classifiers.calibration import calibrated
from tl_core.engine.classifiers.ridge import moments, scaled
from tl_core.engine.classifiers.solution import Solution, Task

_FLOOR = 1e-8
"""Share of the mean variance that is added to every variance."""


def fit(task: Task) -> Solution:
    return calibrated(task, discriminant)


def discriminant(task: Task) -> Solution:
    """Logarithms of the posterior probabilities of the classes, up to a constant."""
    from scipy.linalg import solve
    from sklearn.covariance import ledoit_wolf

    task.watch()
    mean, scale = moments(task.features)
    centred, counts = scaled(task.features, mean, scale), np.bincount(task.labels)
    means = np.stack([centred[task.labels == label].mean(axis=0) for label in range(task.classes)])
    covariance, shrinkage = ledoit_wolf(centred - means[task.labels], assume_centered=True)
    # Without a floor, constant channels would make it singular; a single image of each class leaves nothing else.
    covariance += np.eye(len(mean)) * (_FLOOR * covariance.trace() / len(mean) or 1.0)
    kernel = solve(covariance, means.T, assume_a="pos")
    bias = np.log(counts / counts.sum()) - (means.T * kernel).sum(axis=0) / 2
    kernel = kernel / scale
    return Solution((kernel, bias - mean @ kernel), selected={"shrinkage": float(shrinkage)})
