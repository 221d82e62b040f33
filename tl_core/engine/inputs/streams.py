"""Input streams of a tail: cached features, or images that go through augmentation and the frozen prefix each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.engine.backend import room
from tl_core.engine.inputs.augmentation import Recipe, second_labels, seen
from tl_core.engine.inputs.prefix import Prefix
from tl_core.engine.step import Source, on_device
from tl_core.experiment.spec import Augment

MOMENT = 0.2
"""Seconds that a chunk of steps should take."""

FIRST = 2_000_000
"""Maximum number of values in the first chunk, before the time of a batch is known."""


@dataclass(frozen=True)
class Batch:
    """The inputs of one step, and the partners of mixed images.

    Attributes:
        inputs: Images or features, shape (batch, ...).
        partners: The position within the part of the image mixed into each: int64, shape (batch,). None if no
            augmentation mixes; otherwise unmixed images have some partner and a share of 1.
        shares: The share of each image itself, and so the weight of its own label: float32 0..1, shape (batch,).
    """

    inputs: np.ndarray
    partners: np.ndarray | None = None
    shares: np.ndarray | None = None


Inputs = Callable[[Iterable[np.ndarray], int], Iterator[Batch]]
"""From batches of positions (int64 arrays) and the epoch to input batches, in the same order."""


@dataclass(frozen=True)
class ResidentInputs:
    """`Inputs` that are constant over epochs and resident on the device of the tail, so that many steps can run at once."""

    source: Source

    @property
    def numbers(self) -> int:
        """Number of values per position."""
        return int(np.prod(self.source.shape[1:]))

    def __call__(self, batches: Iterable[np.ndarray], epoch: int) -> Iterator[Batch]:
        kept = np.asarray(self.source)  # On a CPU, without a copy.
        return (Batch(kept[positions]) for positions in batches)


def from_features(features: np.ndarray, rows: np.ndarray) -> Inputs:
    """Cached features; position p is row `rows[p]` of the array. ResidentInputs if memory suffices."""
    wanted = int(np.prod(features.shape[1:])) * 4 * len(rows)
    if wanted < room():
        return ResidentInputs(on_device(features[rows]))
    return lambda batches, epoch: (Batch(features[rows[positions]]) for positions in batches)


def from_images(
    images: np.ndarray,
    rows: np.ndarray,
    prefix: Prefix | None,
    augments: Sequence[Augment] = (),
    seed: int = 0,
    keys: Sequence[str] = (),
) -> Inputs:
    """Images, augmented for the epoch, then through the frozen prefix if there is one; position p is `images[rows[p]]`.

    Args:
        keys: The key of each of `images`, which determines its augmentation; used only if there are `augments`.
    """
    named = [keys[row] for row in rows] if augments else []
    recipe = Recipe(tuple(augments), seed, named, images.shape[1])

    def read(batches: Iterable[np.ndarray], epoch: int) -> Iterator[Batch]:
        batches = list(batches)
        pixels = (seen(recipe, lambda places: images[rows[places]], positions, epoch) for positions in batches)
        return labelled(prefix(pixels) if prefix else pixels, recipe, batches, epoch)

    return read


def labelled(
    inputs: Iterable[np.ndarray], recipe: Recipe, batches: Iterable[np.ndarray], epoch: int
) -> Iterator[Batch]:
    """Inputs with the partners and shares of the recipe in an epoch."""
    return (
        Batch(read, *second_labels(recipe, positions, epoch)) for read, positions in zip(inputs, batches, strict=True)
    )


def in_batches(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Positions in batches of a size; the last may be smaller."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def equal_batches(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Positions in as many batches as `in_batches` gives, but of equal size, give or take one.

    For training: a last batch of few images would be a noisy step, and would move batch statistics just before they are used to measure.
    """
    return np.array_split(order, -(-len(order) // size)) if len(order) else []


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
