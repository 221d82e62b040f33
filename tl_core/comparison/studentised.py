"""Bootstraps over images of many differences at once, in standard errors that each resample has of its own, as losses have long tails.

Source: Hall 1988, "On symmetric bootstrap confidence intervals". The draws are always the same: the same losses give the same figures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

RESAMPLES, SEED = 1000, 0

_UNSEEN = 0.5
"""Images that are added to each pair, as Jeffreys' prior adds half an event of a kind that may not have been seen."""

_NOTHING = 1e-20
"""A variance below this is that of equal losses, which rounding keeps from being 0."""


@lru_cache(maxsize=2)
def weights(images: int) -> np.ndarray:
    """How often each image is in each resample, always the same: float64, shape (RESAMPLES, images); read only."""
    drawn = np.random.default_rng(SEED).multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    counts = drawn.astype(np.float64)
    counts.flags.writeable = False
    return counts


def moved(differences: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """How far the means of resamples are from those of all images, in standard errors of their own: shape (resamples, pairs).

    Args:
        differences: Shape (pairs, images).
        shares: Of the images in each resample, float32, shape (resamples, images).
    """
    # Centred before they are cast, so that pairs that are nearly alike keep their precision.
    centred = (differences - differences.mean(axis=1, keepdims=True)).astype(np.float32)
    shift = shares @ centred.T
    spread = np.maximum(shares @ np.square(centred).T - np.square(shift), 0)
    return in_errors(shift, spread / (differences.shape[1] - 1))


def unseen(differences: np.ndarray) -> np.ndarray:
    """By how much half an image more changes a mean difference at most, if it differs as no image seen: shape (pairs,) of (pairs, images)."""
    return np.asarray(_UNSEEN * np.abs(differences).max(axis=1) / differences.shape[1])


def in_errors(differences: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Differences in standard errors; 0 where there is no variance, as between equal candidates."""
    known = variances > _NOTHING
    return np.where(known, differences / np.sqrt(np.where(known, variances, 1.0)), 0.0)
