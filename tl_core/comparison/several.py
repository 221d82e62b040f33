"""More than two sides: which of them differ, corrected for the number of comparisons, and how much the best one owes to being chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from tl_core.comparison.differences import Difference, accuracy_difference
from tl_core.comparison.power import LEVEL
from tl_core.comparison.resampling import drawn
from tl_core.comparison.sides import Side, check_paired
from tl_core.comparison.verdicts import MARGIN, Among, Comparison, compare, one_of
from tl_core.intervals import Estimate


@dataclass(frozen=True)
class Pair:
    """Two of several sides, by their places.

    Attributes:
        accuracy: Of the second minus the first, not corrected.
        p: Corrected by Holm for the number of pairs, 0 to 1.
    """

    first: int
    second: int
    accuracy: Difference
    p: float

    @property
    def differs(self) -> bool:
        return self.p < LEVEL


@dataclass(frozen=True)
class Ranking:
    """Several sides on the same images.

    Attributes:
        names, accuracies: Of the sides, in the order given.
        order: Their places, the highest accuracy first; of equal ones the lowest loss first.
        pairs: All pairs of sides.
        fall: By how much the accuracy of the best is expected to be lower on new images, as it was chosen on these; see `expected_fall`.
    """

    names: tuple[str, ...]
    accuracies: tuple[float, ...]
    order: tuple[int, ...]
    pairs: tuple[Pair, ...]
    fall: float

    def compared(self, sides: Sequence[Side], a: int, b: int, margin: float = MARGIN) -> Comparison:
        """Two of the sides, with what comparing all pairs costs."""
        found = compare(sides[a], sides[b], margin)
        return found if len(self.names) == 2 else one_of(found, Among(len(self.pairs), self.pair(a, b).p))

    @property
    def best(self) -> int:
        return self.order[0]

    @property
    def as_good(self) -> tuple[int, ...]:
        """The places of those that cannot be told from the best, in order."""
        other = {
            pair.first + pair.second - self.best for pair in self.pairs if self._of_best(pair) and not pair.differs
        }
        return tuple(place for place in self.order if place in other)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; sides are given by their places."""
        pairs = [
            {"first": pair.first, "second": pair.second, "accuracy": asdict(pair.accuracy.estimate), "p_holm": pair.p}
            for pair in self.pairs
        ]
        return {
            "order": list(self.order),
            "as_good_as_best": list(self.as_good),
            "expected_fall": self.fall,
            "pairs": pairs,
        }

    def pair(self, one: int, other: int) -> Pair:
        """The pair of two sides, whichever comes first."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})

    def against_best(self, place: int) -> tuple[Pair, Estimate]:
        """The pair of a side with the best one, and by how much its accuracy is above that of the best: mostly negative."""
        pair = self.pair(place, self.best)
        return pair, pair.accuracy.estimate if pair.first == self.best else pair.accuracy.estimate.negated

    def _of_best(self, pair: Pair) -> bool:
        return self.best in (pair.first, pair.second)


def rank(sides: Sequence[Side]) -> Ranking:
    """Compares all pairs of sides.

    Raises:
        BadInput: their images differ.
        ValueError: there are fewer than two.
    """
    if len(sides) < 2:
        raise ValueError(f"received {len(sides)} side; it takes two")
    check_paired(sides)
    places = list(combinations(range(len(sides)), 2))
    found = [accuracy_difference(sides[first], sides[second]) for first, second in places]
    adjusted = holm([difference.p for difference in found])
    pairs = tuple(Pair(*place, *of) for place, of in zip(places, zip(found, adjusted, strict=True), strict=True))
    accuracies = tuple(side.accuracy for side in sides)
    order = sorted(range(len(sides)), key=lambda place: (-accuracies[place], _loss(sides[place])))
    fall = expected_fall(np.stack([side.correct.mean(axis=0) for side in sides]))
    return Ranking(tuple(side.name for side in sides), accuracies, tuple(order), pairs, fall)


def _loss(side: Side) -> float:
    return float(side.loss.mean()) if side.loss is not None else 0.0


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """p values corrected for their number, in the same order: the chance that any true equality is called a difference stays below the level.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = sorted(range(len(p)), key=lambda place: p[place])
    found, highest = [0.0] * len(p), 0.0
    for done, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - done) * p[place]))
        found[place] = highest
    return tuple(found)


def expected_fall(correct: np.ndarray) -> float:
    """By how much the highest of several accuracies is expected to be too high, as it was chosen on the same images.

    A bootstrap over images: in each resample the best side is chosen, and what it gained by the resample is the optimism (Efron 1983).
    Measured accuracies differ by more than true ones, by the noise in them; so they are first drawn together until
    their variance is the measured one less that of the noise. Without this the fall comes out too small: see docs/comparison.md.

    Args:
        correct: Shape (sides, images), 0 to 1.
    """
    outcomes = correct.astype(np.float64)
    sides, images = outcomes.shape
    means = outcomes.mean(axis=1)
    centred = means - means.mean()
    spread, noise = (
        float(np.square(centred).sum()),
        float((outcomes - outcomes.mean(axis=0)).var(axis=1).sum()) / images,
    )
    true = means.mean() + centred * (max(0.0, 1 - noise / spread) ** 0.5 if spread else 0.0)
    gains = []
    for columns in drawn(images):
        resampled = np.stack([side[columns].mean(axis=1) for side in outcomes], axis=1) - means
        gains.append(np.take_along_axis(resampled, (true + resampled).argmax(axis=1)[:, None], axis=1))
    return float(np.concatenate(gains).mean()) if sides > 1 else 0.0
