"""What was measured, and how sure the advice is, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from tl_core.advice.quadrants import MUCH, Position
from tl_core.backbones import BACKBONES, published_accuracy
from tl_core.intervals import Estimate
from tl_core.results.advice import BackboneScore, Measured
from tl_core.text import counted, percent

CHECKED = (
    "The rules were made on a few datasets and scored on eight others, all small; docs/advice.md has the table. A short run of each alternative is "
    "the surest check."
)


def likeness_sentence(measured: Measured) -> str:
    """How like ImageNet the images are, and from what that follows."""
    found = measured.likeness
    kind = {1: "The images are like ImageNet", -1: "The images are unlike ImageNet"}.get(
        found.value.sign, "Whether the images are like ImageNet is open"
    )
    linear, near = map(_fewer, (found.linear, found.neighbours))
    return f"{kind}, as far as this network shows. With a linear classifier {linear}; with nearest neighbours {near}."


def neighbours_sentence(measured: Measured) -> str:
    """How far nearest neighbours on the top are from chance."""
    top, chance = measured.blocks[-1].neighbours, measured.largest_share
    return (
        f"Nearest neighbours on {measured.blocks[-1].cut} are right for {percent(top.value, 0)} ({percent(top.low, 0)} to {percent(top.high, 0)}) of "
        f"the training images, each asked of all others; always naming the largest class would be for {percent(chance, 0)}."
    )


def size_sentence(measured: Measured) -> str:
    """Whether there are few or many images."""
    images, (few, many) = measured.images["train"], MUCH
    counted_images = f"{counted(images, 'training image')}, {measured.fewest:,} in the smallest class"
    if images <= few:
        return f"{counted_images}: few."
    if images >= many:
        return f"{counted_images}: many."
    return f"{counted_images}: between few and many, which nothing separates sharply from {few:,} to {many:,}."


def sure_sentence(where: Position) -> str:
    """How sure the quadrant is."""
    first, *others = where.quadrants
    share = percent(where.shares[first.name], 0)
    if not others:
        return f"The data clearly lie in the quadrant “{first.title}”. {CHECKED}"
    more = ", ".join(f"“{row.title}” {percent(where.shares[row.name], 0)}" for row in others)
    return f"The data lie most probably in the quadrant “{first.title}” ({share}); {more}. {CHECKED}"


def backbones_sentence(scores: Sequence[BackboneScore]) -> str:
    """Which backbone, as far as that can be said."""
    measured = [score for score in scores if score.logme is not None]
    best = max(measured, key=lambda score: score.logme or 0.0)
    prior = max(BACKBONES, key=lambda row: row.imagenet_accuracy or 0.0)
    if len(measured) == 1:
        return (
            f"Only the weights of {best.name} are here, so there is nothing to compare it with. The most accurate on ImageNet is {prior.name}; "
            f"what is more accurate there mostly is on other photos too (Kornblith et al. 2019)."
        )
    highest = f"Of {len(measured)} backbones whose weights are here {best.name} has the highest LogME"
    published = [score for score in measured if published_accuracy(score.name)]
    if not published:
        return f"{highest}."
    top = max(published, key=lambda score: published_accuracy(score.name) or 0.0)
    if top is best:
        return f"{highest}, which is also the most accurate of them on ImageNet."
    return f"{highest}, while {top.name} is the most accurate of them on ImageNet: try both."


def _fewer(share: Estimate) -> str:
    """Which of the two makes fewer errors, such as "the top makes 35 % fewer errors than the best earlier stage (10 to 54 %)"."""
    if share.value < 0:
        share, sides = share.negated, ("the best earlier stage", "the top")
    else:
        sides = "the top", "the best earlier stage"
    low, high = (f"{100 * end:.0f}" for end in (share.low, share.high))
    return f"{sides[0]} makes {percent(share.value, 0)} fewer errors than {sides[1]} ({low} to {high} %)"
