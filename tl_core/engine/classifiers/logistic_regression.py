"""Multinomial logistic regression by scikit-learn: mean cross-entropy + l2 * |w|**2 without a penalty on the bias, like the softmax head.

scikit-learn's C is 1 / (2 * images * l2).
"""

from __future__ import annotations

import numpy as np

from tl_core.engine.classifiers.solution import Solution, Task

_NO_PENALTY = 1e12


def fit(task: Task) -> Solution:
    from sklearn.linear_model import LogisticRegression

    l2 = task.head.l2
    penalty = 1 / (2 * len(task.labels) * l2) if l2 else _NO_PENALTY
    solver = LogisticRegression(C=penalty, max_iter=2000, tol=1e-5).fit(task.features, task.labels)
    weights, bias = solver.coef_, solver.intercept_
    if len(weights) == 1:  # scikit-learn has one row for two classes: that of the second.
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return Solution((weights.T, bias))
