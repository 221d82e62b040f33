"""Which training images each head of a bank reads: all, or a subset of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.engine.seeds import generator_of
from tl_core.engine.training.phase_data import train_eval_positions
from tl_core.metrics import TRAIN_EVAL_IMAGES


@dataclass(frozen=True)
class Subsets:
    """Subsets of the training images, and who reads them.

    A head takes as many steps in an epoch whatever it reads: a subset is read several times over, in another order each time. So heads
    of different subsets train in one program, and what they differ in is the images, not how long they trained.

    Attributes:
        images: The number of all training images.
        positions: Those of each subset: int64, shape (images of the subset,).
        of_head: The place in `positions` of each head's subset.
    """

    images: int
    positions: tuple[np.ndarray, ...]
    of_head: tuple[int, ...]

    @classmethod
    def whole(cls, images: int, heads: int) -> Subsets:
        """All heads read all training images."""
        return cls(images, (np.arange(images),), (0,) * heads)

    def of(self, heads: Sequence[int]) -> tuple[int, ...]:
        """The subsets of some of the heads."""
        return tuple(self.of_head[head] for head in heads)

    def order(self, seed: int, subset: int, epoch: int) -> np.ndarray:
        """The positions of an epoch in their order, as many as there are training images: that of a run, if the subset has all of them."""
        positions, generator = self.positions[subset], generator_of("order", seed, epoch)
        times = -(-self.images // len(positions))
        orders = [positions[generator.permutation(len(positions))] for _ in range(times)]
        return np.concatenate(orders)[: self.images]

    def train_eval_positions(self, seed: int, subset: int) -> np.ndarray:
        """The images of a subset that are measured after an epoch, as many for each subset; those of a small one repeat."""
        positions = self.positions[subset]
        return np.resize(positions[train_eval_positions(len(positions), seed)], min(self.images, TRAIN_EVAL_IMAGES))
