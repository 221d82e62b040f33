"""The number of batches per TensorFlow call: limited in time, so that progress and stops are prompt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

MOMENT = 0.2
"""Seconds."""

FIRST = 2_000_000
"""Maximum number of values in the first chunk, before the time of a batch is known."""


def portions(batches: Sequence[np.ndarray], numbers: int) -> Iterator[slice]:
    """Batches in chunks, each of equal batch sizes and taking about a `MOMENT`, measured as the caller consumes them.

    Results must not depend on chunk boundaries, which vary from run to run.

    Args:
        batches: Positions of each batch.
        numbers: Number of values per position.
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
