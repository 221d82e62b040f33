"""Averages over consecutive epochs: bins, which part the epochs of a run, and windows, which move along it."""

from __future__ import annotations

import numpy as np


def bins(epochs: int, most: int) -> np.ndarray:
    """The ends of bins of consecutive epochs, alike to one epoch, at most so many: int64, shape (bins + 1,), from 0 to the number of epochs.

    One epoch each, if there are no more than `most`. They depend on nothing but the number of epochs, so that no epoch is chosen by its losses.
    """
    count = -(-epochs // -(-epochs // most)) if epochs else 0
    return np.linspace(0, epochs, count + 1).round().astype(np.int64)


def binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The mean of each bin: float64, shape (bins, ...) for values of shape (epochs, ...)."""
    sizes = np.diff(edges).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(np.add.reduceat(values, edges[:-1], axis=0, dtype=np.float64) / sizes)


def moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    """The mean over `width` rows around each, fewer at the edges: the shape of `values`, (rows, images)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    places = np.arange(len(values))
    first, last = np.maximum(places - width // 2, 0), np.minimum(places + (width + 1) // 2, len(values))
    return np.asarray((total[last] - total[first]) / (last - first)[:, None])
