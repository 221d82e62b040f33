"""How far two sides differ on average over images, paired by image, and how sure that is.

The difference of an image is that of its means over the seeds of each side. What varies by chance is which images were drawn and, if a
side has several seeds, which seeds. Both are in the standard error, as in studies of several readers and cases (here: seeds and images):

    V = V_seeds + max(V_images - V_both, 0)

V_seeds sums s² / k of the seeds' mean outcomes on each side of several seeds, V_images is s² / n of the images' differences, and V_both, the
part that both contain, is that of the interaction of seeds and images. Its degrees of freedom are V² / sum((s² / k)² / (k - 1)).

Sources: Obuchowski and Rockette 1995; Hillis 2014, "A marginal-mean ANOVA approach for analyzing multireader multicase radiological imaging
data"; Satterthwaite 1946.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tl_core.comparison.resampling import symmetric_quantiles
from tl_core.comparison.scores import score_ends
from tl_core.comparison.sides import Side
from tl_core.intervals import Estimate

LEVEL, ONE_SIDED = 0.95, 0.90
"""Of the interval that is shown, and of the one whose ends two one-sided tests at 5 % compare with a margin."""


@dataclass(frozen=True)
class Difference:
    """A mean difference over images, of the second side minus the first.

    Attributes:
        estimate: With its 95 % interval.
        narrow: With its 90 % interval.
        image_variance: Of the difference of one image, as the interval has it: what more images average out.
        seed_variance: Of the mean over all images: what only more seeds average out; 0 for one seed a side.
        p: Of the two-sided test of no difference.
    """

    estimate: Estimate
    narrow: Estimate
    image_variance: float
    seed_variance: float
    p: float


@dataclass(frozen=True)
class _Seeds:
    """What seeds add to the variance of a mean difference; nothing for one seed a side.

    Attributes:
        variance: V_seeds; see the module.
        both: V_both.
        weight: sum((s² / k)² / (k - 1)).
    """

    variance: float = 0.0
    both: float = 0.0
    weight: float = 0.0

    def total(self, images: float) -> float:
        """V, for a variance of the images."""
        return self.variance + max(images - self.both, 0.0)

    def freedom(self, images: float) -> float:
        """Degrees of freedom of V; infinite for one seed a side."""
        return self.total(images) ** 2 / self.weight if self.weight else math.inf


def accuracy_difference(a: Side, b: Side) -> Difference:
    """The accuracy of `b` minus that of `a`.

    With one seed a side its interval is Tango's score interval: among n images without a flip it is as wide as they allow, never nil.
    Several seeds make differences of an image smaller; the same interval is then taken of differences in units of their typical size, and
    each half widened by what seeds add (as in the method of variance estimates recovery).

    Sources: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design";
    Zou and Donner 2008.
    """
    differences, seeds = _by_image(a.correct, b.correct), _seeds_of(a.correct, b.correct)
    count, value = len(differences), float(differences.mean())
    size = _typical(differences)
    gained = float(differences[differences > 0].sum()) / size
    lost = -float(differences[differences < 0].sum()) / size

    def interval(level: float) -> Estimate:
        normal = NormalDist().inv_cdf((1 + level) / 2)
        low, high = score_ends(gained, lost, count, normal)
        below, above = (_half(abs(size * end - value) / normal, seeds, level) for end in (low, high))
        return Estimate(value, max(-1.0, value - below), min(1.0, value + above))

    normal = NormalDist().inv_cdf((1 + LEVEL) / 2)
    low, high = score_ends(gained, lost, count, normal)
    return Difference(
        interval(LEVEL),
        interval(ONE_SIDED),
        count * (size * (high - low) / (2 * normal)) ** 2,
        max(seeds.variance - seeds.both, 0.0),
        _p(value, float(np.square(differences).sum()) / count**2, seeds),
    )


def loss_difference(a: Side, b: Side) -> Difference | None:
    """The loss of `b` minus that of `a`; None if one is unknown.

    Differences of losses have heavy tails: instead of the quantile of a normal distribution stands that of a symmetric studentised
    bootstrap over images, which seeds widen by the ratio of the quantiles of t and normal.

    Source: Hall 1988, "On symmetric bootstrap confidence intervals".
    """
    if a.loss is None or b.loss is None or not (np.isfinite(a.loss).all() and np.isfinite(b.loss).all()):
        return None
    differences, seeds = _by_image(a.loss, b.loss), _seeds_of(a.loss, b.loss)
    value, variance = float(differences.mean()), float(differences.var(ddof=1)) if len(differences) > 1 else 0.0
    images = variance / len(differences)
    wider = dict(zip((LEVEL, ONE_SIDED), symmetric_quantiles(differences, (LEVEL, ONE_SIDED)), strict=True))

    def interval(level: float) -> Estimate:
        ratio = wider[level] / NormalDist().inv_cdf((1 + level) / 2)
        half = ratio * _half(math.sqrt(images), seeds, level)
        return Estimate(value, value - half, value + half)

    seed_variance = max(seeds.variance - seeds.both, 0.0)
    return Difference(interval(LEVEL), interval(ONE_SIDED), variance, seed_variance, _p(value, images, seeds))


def _half(error: float, seeds: _Seeds, level: float) -> float:
    """Half the width of an interval, from the standard error that images alone give."""
    images = error**2
    return t_quantile((1 + level) / 2, seeds.freedom(images)) * math.sqrt(seeds.total(images))


def _p(value: float, images: float, seeds: _Seeds) -> float:
    error = math.sqrt(seeds.total(images))
    return min(1.0, 2 * t_tail(abs(value) / error, seeds.freedom(images))) if error else float(value == 0)


def _by_image(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(b.mean(axis=0, dtype=np.float64) - a.mean(axis=0, dtype=np.float64))


def _typical(differences: np.ndarray) -> float:
    """The size of flips that, being as many as the differences add up to, have their sum of squares; 1 if there are none."""
    whole = np.abs(differences).sum()
    return float(np.square(differences).sum() / whole) if whole else 1.0


def _seeds_of(a: np.ndarray, b: np.ndarray) -> _Seeds:
    several = [side.astype(np.float64) for side in (a, b) if len(side) > 1]
    parts = [float(side.mean(axis=1).var(ddof=1)) / len(side) for side in several]
    weight = sum(part**2 / (len(side) - 1) for part, side in zip(parts, several, strict=True))
    return _Seeds(sum(parts), sum(map(_interaction, several)), weight)


def _interaction(outcomes: np.ndarray) -> float:
    """The part of the variance of a side's mean that is of the interaction of its seeds and images."""
    seeds, images = outcomes.shape
    rest = outcomes - outcomes.mean(axis=0) - outcomes.mean(axis=1)[:, None] + outcomes.mean()
    return float(np.square(rest).sum()) / ((seeds - 1) * max(images - 1, 1)) / (seeds * images)


def t_quantile(share: float, freedom: float) -> float:
    """The quantile of Student's t distribution; of the normal one for infinite degrees of freedom."""
    if math.isinf(freedom):
        return NormalDist().inv_cdf(share)
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))


def t_tail(value: float, freedom: float) -> float:
    """The probability that a variable of Student's t distribution is above a value."""
    if math.isinf(freedom):
        return 0.5 * math.erfc(value / math.sqrt(2))
    from scipy.special import stdtr

    return float(stdtr(freedom, -value))
