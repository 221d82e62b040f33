"""The layout of the heads of a stack in shared arrays.

Every array of a stack has the axes (rows, images or inputs, width, units). The heads of a row have the same inputs: the same images in the
same order, with the same noise and dropout. So the first layer of all of them is one matrix product. All rows have the same width; spare
places repeat a head and are never read.
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
        places: The index of the head at each place: int64, shape (rows, width).
        seeds: The different seeds.
        seed_of_row: The position among `seeds` of each row's seed: int64, shape (rows,).
    """

    places: np.ndarray
    seeds: tuple[int, ...]
    seed_of_row: np.ndarray

    def stacked(self, heads: np.ndarray) -> np.ndarray:
        """Arrays of heads, shape (heads, n, units), as (rows, n, width, units)."""
        return np.ascontiguousarray(heads[self.places].swapaxes(1, 2))

    def by_head(self, stacked: np.ndarray) -> np.ndarray:
        """The inverse of `stacked`."""
        rows, n, width, units = stacked.shape
        first = np.unique(self.places, return_index=True)[1]
        return stacked.swapaxes(1, 2).reshape(rows * width, n, units)[first]


def layout_of(specs: Sequence[ExperimentSpec], inputs: int, outputs: int) -> Layout:
    """A layout for heads of one structure.

    Args:
        inputs, outputs: Sizes of the first layer of one head.
    """
    together: dict[tuple[int, float, float], list[int]] = defaultdict(list)
    for number, spec in enumerate(specs):
        together[inputs_key(spec)].append(number)
    width = _width([len(heads) for heads in together.values()], inputs, outputs, specs[0].train.batch_size)
    rows = [(key[0], row) for key, heads in together.items() for row in _rows(heads, width)]
    seeds = tuple(dict.fromkeys(seed for seed, _ in rows))
    return Layout(np.array([row for _, row in rows]), seeds, np.array([seeds.index(seed) for seed, _ in rows]))


def inputs_key(spec: ExperimentSpec) -> tuple[int, float, float]:
    """Heads with equal keys have the same inputs in every step."""
    return spec.train.seed, spec.head.noise, dropouts(spec.head)[0]


def dropouts(head: HeadSpec) -> tuple[float, ...]:
    """The dropout rate before each layer of a head, the classifier last."""
    return (*(head.hidden_dropout or (head.dropout,) * len(head.hidden)), head.dropout)


def _width(sizes: Sequence[int], inputs: int, outputs: int, batch: int) -> int:
    """The width that minimises the arrays of a step: one kernel per place, one batch of inputs per row."""

    def numbers(width: int) -> int:
        rows = sum(-(-size // width) for size in sizes)
        return rows * (4 * width * inputs * outputs + batch * inputs)

    return min(range(1, max(sizes) + 1), key=lambda width: (numbers(width), -width))


def _rows(heads: Sequence[int], width: int) -> list[list[int]]:
    parts = [list(heads[start : start + width]) for start in range(0, len(heads), width)]
    return [part + part[:1] * (width - len(part)) for part in parts]
