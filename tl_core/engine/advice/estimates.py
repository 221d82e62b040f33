"""Figures of training images with their 95 % intervals."""

from __future__ import annotations

import numpy as np

from tl_core.intervals import Estimate, wilson_interval


def share(right: np.ndarray) -> Estimate:
    """An accuracy, of whether each image is right, with Wilson's interval."""
    return Estimate(float(right.mean()), *wilson_interval(int(right.sum()), len(right)))


def mean(values: np.ndarray) -> Estimate:
    """A mean with the interval of a normal distribution."""
    value, half = float(values.mean()), 1.96 * float(values.std()) / max(len(values) - 1, 1) ** 0.5
    return Estimate(value, value - half, value + half)
