"""What a tail reads: stored features, or images that go through augmentation and the frozen part each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.engine.backend import room
from tl_core.engine.inputs.augmentation import Recipe, second_labels, seen
from tl_core.engine.inputs.prefix import Prefix
from tl_core.engine.step import Source, on_device
from tl_core.experiment.spec import Augment


@dataclass(frozen=True)
class Batch:
    """What a tail reads in one step, and the second labels that mixed images have.

    Attributes:
        inputs: Images or features, shape (batch, ...).
        partners: The position, within the part, of the image that was mixed into each: int64, shape (batch,). None where no
            augmentation mixes; where one does, an image that was left unmixed has some partner and a share of 1.
        shares: How much of each image itself is left, and so how much its own label counts: float32 0..1, shape (batch,).
    """

    inputs: np.ndarray
    partners: np.ndarray | None = None
    shares: np.ndarray | None = None


Inputs = Callable[[Iterable[np.ndarray], int], Iterator[Batch]]
"""From batches of positions (int64 arrays) and the epoch to what a tail reads, in the same order."""


@dataclass(frozen=True)
class ResidentInputs:
    """`Inputs` that are the same in every epoch, and are kept where the tail computes: many steps can be taken at once."""

    source: Source

    @property
    def numbers(self) -> int:
        """How many there are at each position."""
        return int(np.prod(self.source.shape[1:]))

    def __call__(self, batches: Iterable[np.ndarray], epoch: int) -> Iterator[Batch]:
        kept = np.asarray(self.source)  # On a processor the very same memory.
        return (Batch(kept[positions]) for positions in batches)


def from_features(features: np.ndarray, rows: np.ndarray) -> Inputs:
    """Stored features; position p is row `rows[p]` of the array. ResidentInputs in memory where there is room."""
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
    """Images, augmented as the epoch has it, then through the frozen part where there is one; position p is `images[rows[p]]`.

    Args:
        keys: The key of each of `images`, which decides how it is augmented; read only where there are `augments`.
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
    """What a tail reads, with the second labels that the recipe gives it in an epoch."""
    return (
        Batch(read, *second_labels(recipe, positions, epoch)) for read, positions in zip(inputs, batches, strict=True)
    )


def in_batches(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Positions in portions of a size; the last may be smaller."""
    return [order[start : start + size] for start in range(0, len(order), size)]
