"""A learning curve, as plain data: validation error against the number of training images, and what more images promise.

`tl_core.engine.learning_curve` makes it; docs/learning-curve.md explains its figures and their limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tl_core.errors import BadInput, Problem
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Estimate
from tl_core.results.head_bank import unsupported

FRACTIONS = (0.05, 0.09, 0.125, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
"""About a factor of the square root of 2 apart: even on a logarithmic axis."""

FEWEST_A_CLASS = 5
"""A power law does not hold for fewer training images a class (Jain et al. 2023, arXiv:2303.01598)."""

FEWEST_POINTS, SMALLEST_SPAN = 4, 4.0
"""A law of three parameters is fitted to at least so many points, whose largest number of images is at least so many times the smallest."""

WEAKEST_L2 = 1e-4
"""The stronger penalties are multiples of the experiment's, or of this if it has a weaker one."""

STRONGEST_L2 = 1.0
"""The highest that `head.l2` allows."""

TIMES = (2, 4)
"""The multiples of today's images at which an error is promised."""

MARGIN = 0.005
"""A fall in error that matters: half a point."""


@dataclass(frozen=True)
class LearningCurveOptions:
    """What a learning curve is measured with.

    Attributes:
        fractions: Of the training images, rising, the last 1.
        draws: Random draws of each fraction.
        stronger: Factors by which the L2 penalty of the more regularised head is stronger; the best is chosen for each number of images.
    """

    fractions: tuple[float, ...] = FRACTIONS
    draws: int = 4
    stronger: tuple[float, ...] = (10.0, 100.0, 1000.0)

    def __post_init__(self) -> None:
        problems = []
        if (
            list(self.fractions) != sorted(set(self.fractions))
            or self.fractions[-1:] != (1.0,)
            or self.fractions[0] <= 0
        ):
            message = f"received {list(self.fractions)}"
            problems.append(Problem("fractions", message, "Write rising numbers above 0, the last of them 1."))
        if not 2 <= self.draws <= 20:
            problems.append(Problem("draws", f"received {self.draws}", "Write 2 to 20."))
        if not self.stronger or min(self.stronger) <= 1:
            problems.append(Problem("stronger", f"received {list(self.stronger)}", "Write factors above 1."))
        if problems:
            raise BadInput(problems)


def stronger_l2(spec: ExperimentSpec, options: LearningCurveOptions) -> tuple[float, ...]:
    """The L2 penalties of the more regularised head, as far as they are allowed; empty if the experiment has the strongest."""
    wanted = (min(factor * max(spec.head.l2, WEAKEST_L2), STRONGEST_L2) for factor in options.stronger)
    return tuple(dict.fromkeys(penalty for penalty in wanted if penalty > spec.head.l2))


def problems_of(spec: ExperimentSpec) -> tuple[Problem, ...]:
    """What keeps an experiment from having a learning curve: that a bank cannot train its head, or that no stronger penalty is allowed."""
    if spec.head.l2 < STRONGEST_L2:
        return unsupported(spec)
    message = f"received {spec.head.l2:g}, beyond which there is no stronger penalty to compare with"
    return (*unsupported(spec), Problem("head.l2", message, "Lower it."))


def check(spec: ExperimentSpec) -> None:
    """Raises BadInput with `problems_of`."""
    if problems := problems_of(spec):
        raise BadInput(problems)


class Doubt(StrEnum):
    """Why points are left out of a law, or a law is not to be relied on."""

    FEW_A_CLASS = "few images a class"
    FEW_POINTS = "few points"
    NO_FALL = "no fall"
    BAD_FIT = "bad fit"


class Answer(StrEnum):
    """More data or more regularisation? Which of them lowers the error by more; UNCLEAR if their difference may have either sign."""

    DATA = "data"
    REGULARISATION = "regularisation"
    NEITHER = "neither"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Point:
    """The head on a fraction of the training images.

    Attributes:
        images: Training images, on average over the draws.
        errors: Validation error of each draw.
        error: Their mean, with its interval for other draws and other validation images.
        loss: Validation loss, mean over the draws.
        train_error: On training images after training, in inference mode; mean over the draws.
        l2: The penalty that most draws' figures are from.
        fitted: Whether the law is fitted to it.
    """

    images: float
    errors: tuple[float, ...]
    error: Estimate
    loss: float
    train_error: float
    l2: float
    fitted: bool


@dataclass(frozen=True)
class Law:
    """error(n) = floor + scale * n**-power; floor and scale are at least 0."""

    floor: float
    scale: float
    power: float

    def at(self, images: float) -> float:
        """The error for a number of training images."""
        return float(self.floor + self.scale * images**-self.power)


@dataclass(frozen=True)
class Promised:
    """What a law promises for a number of images.

    Attributes:
        error: With its interval.
        fall: By how much that is below the law's error for today's images. Its interval is narrower: the same validation images measure both.
    """

    images: float
    error: Estimate
    fall: Estimate


@dataclass(frozen=True)
class Curve:
    """A head's learning curve.

    Attributes:
        points: Fewest images first.
        law: None if there are too few points to fit.
        band: The law with its interval from the first fitted point to the last promise; empty without a law.
        promised: At `TIMES` today's images; empty without a law that can be relied on.
        doubts: What is left out, and why the law is not to be relied on.
    """

    points: tuple[Point, ...]
    law: Law | None
    band: tuple[Promised, ...]
    promised: tuple[Promised, ...]
    doubts: tuple[Doubt, ...]

    @property
    def last(self) -> Point:
        """With all training images."""
        return self.points[-1]


@dataclass(frozen=True)
class LearningCurve:
    """Two learning curves of an experiment: of its own head, and of the same with a stronger L2 penalty.

    Attributes:
        classes: Number of classes.
        images: Number of images by part.
        own, stronger: The two curves.
        gained: By how much the stronger penalty lowers the error on all training images; negative if it raises it.
        more_than_data: That less what twice the images promise for the own head; None without a promise.
        answer: See `Answer`.
        seconds: Of training all heads.
        complete: False if it was stopped, or is a result so far.
        diverged: The stronger penalties that are left out, as a head diverged with them.
    """

    source: str
    backbone: str
    classes: int
    images: Mapping[str, int]
    own: Curve
    stronger: Curve
    gained: Estimate
    more_than_data: Estimate | None
    answer: Answer
    seconds: float
    complete: bool
    diverged: tuple[float, ...] = ()
