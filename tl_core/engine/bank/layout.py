"""Where each head of a bank lies in the arrays that all of them share.

Heads of one seed see the same images in the same order, and of one dropout also the same inputs: a row. A row's kernels lie side by
side, so that the first layer of all its heads is one product. Rows have equally many places; what is left over repeats a head, and
nobody looks at it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.experiment.spec import ExperimentSpec, HeadSpec


@dataclass(frozen=True)
class Layout:
    """The places of heads.

    Attributes:
        places: Which head, by its number among the specs, is at each place: int64, shape (rows, width).
        first: The place, counted along the rows, at which each head is found: int64, shape (heads,).
        seeds: The different seeds.
        stream: Which of the seeds each row has: int64, shape (rows,).
    """

    places: np.ndarray
    first: np.ndarray
    seeds: tuple[int, ...]
    stream: np.ndarray


def layout_of(specs: Sequence[ExperimentSpec], inputs: int, outputs: int, batch: int) -> Layout:
    """Places for heads whose hidden layers are the same.

    Args:
        inputs, outputs: Of the first layer of one head.
    """
    together: dict[tuple[int, float], list[int]] = defaultdict(list)
    for number, spec in enumerate(specs):
        together[spec.train.seed, dropouts(spec.head)[0]].append(number)
    width = _width([len(heads) for heads in together.values()], inputs, outputs, batch)
    rows = [(seed, row) for (seed, _), heads in together.items() for row in _rows(heads, width)]
    seeds = tuple(dict.fromkeys(seed for seed, _ in rows))
    places = np.array([row for _, row in rows])
    first = np.unique(places, return_index=True)[1]
    return Layout(places, first, seeds, np.array([seeds.index(seed) for seed, _ in rows]))


def dropouts(head: HeadSpec) -> tuple[float, ...]:
    """The share that is switched off before each layer of a head, the classifier last."""
    return (*(head.hidden_dropout or (head.dropout,) * len(head.hidden)), head.dropout)


def _width(sizes: Sequence[int], inputs: int, outputs: int, batch: int) -> int:
    """The width at which the arrays of a step are smallest: a kernel a place, a batch of inputs a row."""

    def numbers(width: int) -> int:
        rows = sum(-(-size // width) for size in sizes)
        return rows * (4 * width * inputs * outputs + batch * inputs)

    return min(range(1, max(sizes) + 1), key=lambda width: (numbers(width), -width))


def _rows(heads: Sequence[int], width: int) -> list[list[int]]:
    parts = [list(heads[start : start + width]) for start in range(0, len(heads), width)]
    return [part + part[:1] * (width - len(part)) for part in parts]
