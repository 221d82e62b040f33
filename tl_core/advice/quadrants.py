"""The four quadrants of the textbook, and where measured data lie in them.

Source: Stanford's course CS231n: the notes on transfer learning, and the lectures, which from year to year disagree about many and different images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tl_core.intervals import Estimate
from tl_core.registry import Registry
from tl_core.results.advice import Measured

MUCH = (1_000, 20_000)
"""Little is below the first number of training images, much above the second; between them both may be right.

The first is measured (docs/advice.md, "Where the boundaries are"); below the second Kolesnikov et al. 2020, "Big Transfer" (arXiv:1912.11370), call a
task small.
"""


@dataclass(frozen=True)
class Quadrant:
    """One row.

    Attributes:
        said: What the textbook advises.
        recipes: Rows of `RECIPES`, the first first; more than one where the sources disagree or offer a choice.
        disagree: What the sources disagree about; empty where they agree.
    """

    name: str
    title: str
    much: bool
    similar: bool
    said: str
    recipes: tuple[str, ...]
    disagree: str = ""


QUADRANTS: Registry[Quadrant] = Registry(
    "quadrant",
    "quadrant",
    (
        Quadrant(
            "little-similar",
            "Few and similar",
            False,
            True,
            "A linear classifier on top of the frozen network.",
            ("linear-top",),
        ),
        Quadrant(
            "little-different",
            "Few and different",
            False,
            False,
            "Linear classifiers on earlier stages; or freeze the first blocks and train the rest.",
            ("linear-earlier", "train-above"),
        ),
        Quadrant(
            "much-similar",
            "Many and similar",
            True,
            True,
            "Fine-tune from the pretrained weights.",
            ("fine-tune",),
        ),
        Quadrant(
            "much-different",
            "Many and different",
            True,
            False,
            "Fine-tune more layers, from the pretrained weights; or train from scratch.",
            ("fine-tune-all", "from-scratch"),
            "Some sources fine-tune more layers, others train from scratch.",
        ),
    ),
)


@dataclass(frozen=True)
class Position:
    """Where data lie.

    Attributes:
        images: Number of training images.
        likeness: As measured; similar above 0.
        similar, much: How probable it is that they are, 0 to 1.
        shares: How probable each quadrant is, by its name; they sum to 1.
    """

    images: int
    likeness: Estimate
    similar: float
    much: float
    shares: dict[str, float]

    @property
    def quadrants(self) -> tuple[Quadrant, ...]:
        """Those that the data may lie in, the most probable first; all others together have less than a twentieth each."""
        ranked = sorted(QUADRANTS, key=lambda row: -self.shares[row.name])
        return tuple(row for row in ranked if self.shares[row.name] >= 0.05)


def position(measured: Measured) -> Position:
    """Where measured data lie: the number of images is known, its boundary is not; of likeness it is the other way round."""
    images, similar = measured.images["train"], measured.likeness.above
    few, many = MUCH
    much = min(1.0, max(0.0, math.log(max(images, 1) / few) / math.log(many / few)))
    shares = {
        row.name: (much if row.much else 1 - much) * (similar if row.similar else 1 - similar) for row in QUADRANTS
    }
    return Position(images, measured.likeness.value, similar, much, shares)
