"""The layout of the heads of a stack in shared arrays.

Every array of a stack has the axes (rows, images or inputs, width, units). The heads of a row have the same inputs: the same images in the
same order, with the same noise and dropout. So the first layer of all of them is one matrix product. All rows have the same width; spare
places repeat a head and are never read. A stream is an order of images: it depends on the seed, and on which training images a head reads.
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
        streams: The different streams: a seed, and the number of a subset of the training images.
        stream_of_row: The position among `streams` of each row's: int64, shape (rows,).
    """

    places: np.ndarray
    seeds: tuple[int, ...]
    seed_of_row: np.ndarray
    streams: tuple[tuple[int, int], ...]
    stream_of_row: np.ndarray

    @property
    def stream_of_head(self) -> np.ndarray:
        """The position among `streams` of each head's: int64, shape (heads,)."""
        of_places = np.repeat(self.stream_of_row, self.places.shape[1])
        return np.asarray(of_places[np.unique(self.places, return_index=True)[1]])

    def stacked(self, heads: np.ndarray) -> np.ndarray:
        """Arrays of heads, shape (heads, n, units), as (rows, n, width, units)."""
        return np.ascontiguousarray(heads[self.places].swapaxes(1, 2))

    def by_head(self, stacked: np.ndarray) -> np.ndarray:
        """The inverse of `stacked`."""
        rows, n, width, units = stacked.shape
        first = np.unique(self.places, return_index=True)[1]
        return stacked.swapaxes(1, 2).reshape(rows * width, n, units)[first]


def layout_of(specs: Sequence[ExperimentSpec], subsets: Sequence[int], inputs: int, outputs: int) -> Layout:
    """A layout for heads of one structure.

    Args:
        subsets: The number of the subset of training images that each head reads.
        inputs, outputs: Sizes of the first layer of one head.
    """
    together: dict[InputsKey, list[int]] = defaultdict(list)
    for number, (spec, subset) in enumerate(zip(specs, subsets, strict=True)):
        together[inputs_key(spec, subset)].append(number)
    width = _width([len(heads) for heads in together.values()], inputs, outputs, specs[0].train.batch_size)
    rows = [(key[:2], row) for key, heads in together.items() for row in _rows(heads, width)]
    seeds = tuple(dict.fromkeys(seed for (seed, _), _ in rows))
    streams = tuple(dict.fromkeys(stream for stream, _ in rows))
    return Layout(
        np.array([row for _, row in rows]),
        seeds,
        np.array([seeds.index(seed) for (seed, _), _ in rows]),
        streams,
        np.array([streams.index(stream) for stream, _ in rows]),
    )


InputsKey = tuple[int, int, float, float]


def inputs_key(spec: ExperimentSpec, subset: int) -> InputsKey:
    """Heads with equal keys have the same inputs in every step; the first two are their stream."""
    return spec.train.seed, subset, spec.head.noise, dropouts(spec.head)[0]


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
