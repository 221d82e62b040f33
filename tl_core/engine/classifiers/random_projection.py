"""Ridge regression on the outputs of a fixed random layer with ReLU, which make classes separable that the features alone do not.

McDonnell et al. 2023, "RanPAC: Random Projections and Pre-trained Models for Continual Learning" (arXiv:2307.02251).
"""

from __future__ import annotations

import numpy as np

from tl_core.engine.classifiers import ridge
from tl_core.engine.classifiers.solution import Layer, Solution, Task, rectified
from tl_core.engine.seeds import generator_of


def fit(task: Task) -> Solution:
    task.watch()
    projection = drawn(task.features, task.head.projection_units, task.seed)
    solution = ridge.regression(rectified(task.features, projection), task)
    return Solution(solution.output, projection, solution.selected)


def drawn(features: np.ndarray, units: int, seed: int) -> Layer:
    """A layer with normally distributed weights, on centred features of mean variance 1."""
    mean, scale = ridge.moments(features)
    directions = generator_of("random projection", seed).standard_normal((features.shape[1], units))
    kernel = directions / (np.sqrt(features.shape[1]) * scale)
    return kernel, -mean @ kernel
