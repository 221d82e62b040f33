"""Is B better than A? One of three answers, with its evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from tl_core.comparison.differences import Difference, accuracy_difference, loss_difference
from tl_core.comparison.power import LEVEL, images_needed
from tl_core.comparison.scores import mcnemar
from tl_core.comparison.sides import Side, check_paired
from tl_core.intervals import Estimate

Answer = Literal["better", "equal", "cannot tell"]

MARGIN = 0.01
"""Two sides are equal if their accuracies differ by less than this: one point."""


@dataclass(frozen=True)
class Among:
    """What comparing many pairs costs: of how many pairs one is, and its p corrected by Holm for that."""

    pairs: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two sides on the same images. Differences are of the second side minus the first.

    Attributes:
        answer: better: 0 lies outside the 95 % interval of the difference in accuracy. equal: it holds 0, and the 90 % interval lies within
            the margin (two one-sided tests at 5 %, Schuirmann 1987). cannot tell: neither.
        names: Of both sides.
        seeds: Of both sides. One seed each: the answer is about these two networks; several: about the recipes.
        images: The number of images.
        accuracy, loss: The loss is None if it is unknown or the sides minimise different ones.
        gained, lost: Columns of the images that most networks of only the second, or only the first side classify correctly; int64, those
            on which losses differ most first.
        flips: Share of images that a network of one side classifies correctly and one of the other does not, for pairs of networks.
        images_needed: About how many images could tell; None if that is not the question, or no number can.
        mcnemar: p of McNemar's exact test; None with several seeds a side, for which it does not hold.
        among: Of how many pairs these two are one, and p corrected for that by Holm; None for two sides alone. With it, "better" also takes
            a p below 5 %.
    """

    answer: Answer
    names: tuple[str, str]
    seeds: tuple[int, int]
    images: int
    margin: float
    accuracy: Difference
    loss: Difference | None
    gained: np.ndarray
    lost: np.ndarray
    flips: float
    images_needed: int | None
    mcnemar: float | None
    among: Among | None = None

    @property
    def better(self) -> str:
        """The name of the better side; empty unless one is."""
        return self.names[self.accuracy.estimate.value > 0] if self.answer == "better" else ""

    @property
    def of_networks(self) -> bool:
        """Whether it is about two networks rather than about recipes."""
        return max(self.seeds) == 1

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; flips are counted, not listed."""
        found = {
            name: getattr(self, name) for name in ("answer", "better", "images", "margin", "images_needed", "mcnemar")
        }
        differences = {"accuracy": _json(self.accuracy), "loss": _json(self.loss) if self.loss else None}
        counts = {"gained": len(self.gained), "lost": len(self.lost), "disagreement": self.flips}
        among = asdict(self.among) if self.among else None
        return {
            "a": self.names[0],
            "b": self.names[1],
            "seeds": list(self.seeds),
            **found,
            **differences,
            **counts,
            "among": among,
        }


def compare(a: Side, b: Side, margin: float = MARGIN) -> Comparison:
    """Compares two sides on the same images.

    Args:
        margin: The difference in accuracy that does not matter, 0 to 1.

    Raises:
        BadInput: their images differ.
    """
    check_paired((a, b))
    accuracy = accuracy_difference(a, b)
    answer = answer_of(accuracy, margin)
    gained, lost = _flips(a, b)
    return Comparison(
        answer,
        (a.name, b.name),
        (a.seeds, b.seeds),
        a.images,
        margin,
        accuracy,
        loss_difference(a, b),
        gained,
        lost,
        _disagreement(a, b),
        _needed(accuracy, margin, a.images) if answer == "cannot tell" else None,
        mcnemar(len(gained), len(lost)) if a.seeds == b.seeds == 1 else None,
    )


def one_of(found: Comparison, among: Among) -> Comparison:
    """A comparison of two of several sides: a difference that may be the largest of many by chance is none that can be told."""
    by_chance = found.answer == "better" and among.p >= LEVEL
    return replace(found, answer="cannot tell" if by_chance else found.answer, among=among)


def answer_of(difference: Difference, margin: float) -> Answer:
    """See `Comparison.answer`."""
    if difference.estimate.sign:
        return "better"
    return "equal" if -margin < difference.narrow.low and difference.narrow.high < margin else "cannot tell"


def _needed(accuracy: Difference, margin: float, images: int) -> int | None:
    """None too where the images are already enough and seeds too few: their t distribution has few degrees of freedom."""
    needed = images_needed(accuracy.estimate.value, margin, accuracy.image_variance, accuracy.seed_variance)
    return needed if needed and needed > images else None


def _flips(a: Side, b: Side) -> tuple[np.ndarray, np.ndarray]:
    right_a, right_b = (side.correct.mean(axis=0) > 0.5 for side in (a, b))
    gain = np.zeros(a.images)
    if a.loss is not None and b.loss is not None:
        gain = a.loss.mean(axis=0) - b.loss.mean(axis=0)
    gained, lost = np.flatnonzero(right_b & ~right_a), np.flatnonzero(right_a & ~right_b)
    return gained[np.argsort(-gain[gained], kind="stable")], lost[np.argsort(gain[lost], kind="stable")]


def _disagreement(a: Side, b: Side) -> float:
    right_a, right_b = a.correct.mean(axis=0), b.correct.mean(axis=0)
    return float((right_a * (1 - right_b) + right_b * (1 - right_a)).mean())


def _json(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference.estimate), "narrow": _ends(difference.narrow), "p": difference.p}


def _ends(estimate: Estimate) -> list[float]:
    return [estimate.low, estimate.high]
