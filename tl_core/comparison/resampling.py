"""Bootstraps over images, drawn with a fixed seed: the same runs give the same figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

RESAMPLES, SEED = 2000, 0

_AT_ONCE = 2_000_000
"""Numbers drawn at once, for the memory of many images."""


def drawn(images: int) -> Iterator[np.ndarray]:
    """Columns of images drawn with replacement, some resamples at once: int64, shape (resamples, images); `RESAMPLES` in all."""
    generator, rows = np.random.default_rng(SEED), max(1, _AT_ONCE // images)
    for start in range(0, RESAMPLES, rows):
        yield generator.integers(0, images, (min(rows, RESAMPLES - start), images))


def symmetric_quantiles(values: np.ndarray, levels: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of |mean of a resample - mean| / its standard error; NaN-free: resamples of equal values are left out.

    Args:
        values: Shape (images,).
    """
    centred, found = values - values.mean(), []
    for columns in drawn(len(values)):
        resample = centred[columns]
        errors = resample.std(axis=1) / math.sqrt(max(len(values) - 1, 1))
        varied = errors > 0
        found.append(np.abs(resample.mean(axis=1)[varied]) / errors[varied])
    whole = np.concatenate(found)
    return tuple(map(float, np.quantile(whole, levels))) if len(whole) else (0.0,) * len(levels)
