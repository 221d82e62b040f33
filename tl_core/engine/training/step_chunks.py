"""How many batches go to TensorFlow at once: as many as it does in a moment, so that progress moves and a stop is soon heard."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

MOMENT = 0.2
"""Seconds."""

FIRST = 2_000_000
"""Numbers that the first portion may read, before it is known how long a batch takes."""


def portions(batches: Sequence[np.ndarray], numbers: int) -> Iterator[slice]:
    """Batches in portions, each of batches of one size, and each about as long as a `MOMENT` to whoever takes them one after the other.

    What comes of it may not depend on where the portions end: that differs from time to time.

    Args:
        batches: Positions of what each batch reads.
        numbers: How many numbers stand at a position.
    """
    start, count = 0, max(1, FIRST // max(1, numbers * len(batches[0]))) if batches else 1
    while start < len(batches):
        end = start + 1
        while end < min(start + count, len(batches)) and len(batches[end]) == len(batches[start]):
            end += 1
        began = time.monotonic()
        yield slice(start, end)
        a_batch = (time.monotonic() - began) / (end - start)
        start, count = end, max(1, int(MOMENT / max(a_batch, 1e-6)))
