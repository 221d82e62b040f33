"""A learning curve in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from tl_core.intervals import Estimate
from tl_core.results.learning_curve import (
    FEWEST_A_CLASS,
    FEWEST_POINTS,
    MARGIN,
    SMALLEST_SPAN,
    TIMES,
    Answer,
    Curve,
    Doubt,
    LearningCurve,
)
from tl_core.text import joined, percent

NAMES = {2: "Twice", 4: "Four times"}


def points(difference: Estimate) -> str:
    """A difference in error, such as "1.3 points (0.2 to 2.4)"."""
    return f"{100 * difference.value:.1f} points ({100 * difference.low:.1f} to {100 * difference.high:.1f})"


def error(measured: Estimate) -> str:
    """An error with its interval, such as "15.3 % (9.0 to 22.3)"."""
    return f"{percent(measured.value)} ({100 * measured.low:.1f} to {100 * measured.high:.1f})"


def answer(found: LearningCurve) -> str:
    """More data or more regularisation? In a sentence or two."""
    if found.answer is Answer.UNKNOWN:
        return "More data or more regularisation? These curves cannot say: " + " ".join(doubts(found.own)[-1:])
    data, gained = points(found.own.promised[0].fall), found.gained
    changes = f"raises it by {points(gained.negated)}" if gained.value < 0 else f"lowers it by {points(gained)}"
    compared = f"Twice the images promise to lower the error by {data}; a stronger L2 penalty {changes} now."
    return f"{_ANSWERS[found.answer]} {compared}"


_ANSWERS = {
    Answer.DATA: "More data.",
    Answer.REGULARISATION: "More regularisation.",
    Answer.NEITHER: f"Neither helps by more than {100 * MARGIN:g} points: another backbone, block or image size may.",
    Answer.UNCLEAR: "These images cannot tell which helps more.",
}


def promises(found: LearningCurve) -> tuple[str, ...]:
    """What the law promises at each multiple of the images, a sentence each; nothing without a law that can be relied on."""
    return tuple(
        f"{NAMES[times]} the images ({each.images:,.0f}): an error of {error(each.error)}, {points(each.fall)} below the law's "
        f"{percent(each.error.value + each.fall.value)} now."
        for times, each in zip(TIMES, found.own.promised, strict=False)
    )


def left_out(found: LearningCurve) -> tuple[str, ...]:
    """Which stronger penalties are not compared, as a sentence; nothing if all are."""
    if not found.diverged:
        return ()
    penalties = joined([f"{l2:g}" for l2 in found.diverged])
    return (
        f"Left out: with an L2 penalty of {penalties} training diverged. A lower learning rate keeps it from that.",
    )


def doubts(curve: Curve) -> tuple[str, ...]:
    """Why points are left out or the law is not to be relied on, a sentence each."""
    return tuple(_doubts(curve))


def _doubts(curve: Curve) -> Iterator[str]:
    for doubt in curve.doubts:
        if doubt is Doubt.FEW_A_CLASS:
            left_out = sum(not point.fitted for point in curve.points)
            shown = (
                "The smallest number of images is"
                if left_out == 1
                else f"The {left_out} smallest numbers of images are"
            )
            yield f"{shown} shown but not fitted: below {FEWEST_A_CLASS} training images a class a power law does not hold."
        elif doubt is Doubt.FEW_POINTS:
            yield (
                f"No law is fitted: that takes {FEWEST_POINTS} numbers of images with {FEWEST_A_CLASS} or more a class, the largest "
                f"{SMALLEST_SPAN:g} times the smallest."
            )
        elif doubt is Doubt.NO_FALL:
            yield "The error does not fall: with these validation images, that of all training images may be that of the fewest."
        else:
            yield "No promise is made: the measured errors do not follow a power law (a bootstrap test of fit, p below 0.01)."


def law(curve: Curve) -> str:
    """The law as a formula; empty without one."""
    if curve.law is None:
        return ""
    return f"error(n) = {curve.law.floor:.3f} + {curve.law.scale:.3g} / n^{curve.law.power:.2f}"
