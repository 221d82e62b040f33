"""Figures of training images with their 95 % intervals."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from tl_core.intervals import Estimate, wilson_interval


def share(right: np.ndarray) -> Estimate:
    """An accuracy, of whether each image is right, with Wilson's interval."""
    return Estimate(float(right.mean()), *wilson_interval(int(right.sum()), len(right)))


def mean(values: np.ndarray, comparisons: int = 1) -> Estimate:
    """A mean with the interval of a normal distribution.

    Args:
        comparisons: Number of means whose intervals together miss one in 5 % of cases at most (Bonferroni).
    """
    errors = NormalDist().inv_cdf(1 - 0.05 / 2 / comparisons)
    value, half = float(values.mean()), errors * float(values.std()) / max(len(values) - 1, 1) ** 0.5
    return Estimate(value, value - half, value + half)
