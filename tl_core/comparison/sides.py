"""What is compared: the outcomes of one network, or of one recipe's networks of several seeds, on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tl_core.errors import BadInput


@dataclass(frozen=True)
class Side:
    """One or several runs of one spec with different seeds, each at its exported epoch.

    Attributes:
        name: What it is called in sentences.
        runs: The ids of its runs, in the order of the rows; may be empty.
        correct: Whether each network classifies each image correctly: bool, shape (seeds, images).
        loss: The loss of each image, float64, shape (seeds, images); None if the sides minimise different losses.
        labels: The class of each image, int32, shape (images,); -1 if unknown.

    Raises:
        BadInput: the shapes do not fit together, or there are no images.
    """

    name: str
    correct: np.ndarray
    loss: np.ndarray | None = None
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    runs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.correct.ndim != 2 or not self.correct.size:
            raise BadInput.of("runs", f"{self.name} has outcomes of shape {self.correct.shape}, not (seeds, images)")
        if self.loss is not None and self.loss.shape != self.correct.shape:
            raise BadInput.of("runs", f"{self.name} has losses of shape {self.loss.shape}, not {self.correct.shape}")

    @property
    def seeds(self) -> int:
        return int(self.correct.shape[0])

    @property
    def images(self) -> int:
        return int(self.correct.shape[1])

    @property
    def accuracy(self) -> float:
        """The mean over seeds."""
        return float(self.correct.mean())


def check_paired(sides: Sequence[Side]) -> None:
    """Raises BadInput unless all sides have the same images."""
    first, *others = sides
    for other in others:
        if other.images != first.images or _differ(first.labels, other.labels):
            raise BadInput.of(
                "runs",
                f"{first.name} and {other.name} were measured on different images",
                "Compare runs with the same data and the same split (data.split_seed and the shares).",
            )


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    return len(a) > 0 and len(b) > 0 and not np.array_equal(a, b)
