"""Comparisons in words. Sentences are made from records here and never parsed."""

from __future__ import annotations

from dataclasses import replace

from tl_core.comparison.differences import Difference
from tl_core.comparison.power import TYPICAL_DISAGREEMENT, smallest_difference
from tl_core.comparison.several import Ranking
from tl_core.comparison.verdicts import Comparison
from tl_core.intervals import Estimate
from tl_core.text import counted, exact_percent, first_of, joined, percent

MOST_NAMES = 5

HARDLY_ANY = 0.15
"""If only larger differences can be seen, images are too few to compare runs."""

LONG_NAME = 32
"""Characters up to which a name can stand in a sentence again and again."""

CHOSEN_EPOCH = (
    "The epoch of each run was chosen on these validation images, which flatters every run a little, and most the one with the most epochs to "
    "choose from. On the test images nothing was chosen."
)


def lettered(found: Comparison) -> tuple[Comparison, tuple[str, ...]]:
    """A comparison for sentences that can be read: if a name is long, its sides are called A and B, and a line for each says which that is."""
    if max(map(len, found.names)) <= LONG_NAME:
        return found, ()
    return replace(found, names=("A", "B")), tuple(
        f"{letter}: {name}" for letter, name in zip("AB", found.names, strict=True)
    )


def headline(found: Comparison) -> str:
    """The answer in a sentence."""
    a, b = found.names
    estimate = found.accuracy.estimate
    if found.answer == "better":
        better, other = (b, a) if estimate.value > 0 else (a, b)
        shown = estimate if estimate.value > 0 else estimate.negated
        return f"{better} is better than {other} by {points(abs(estimate.value))} ({interval(shown)})."
    if found.answer == "equal":
        narrow = found.accuracy.narrow
        return f"{a} and {b} are equal within {points(found.margin)}: 90 % interval {interval(narrow)}."
    if found.among and found.accuracy.estimate.sign:
        ahead, behind = (b, a) if estimate.value > 0 else (a, b)
        shown = estimate if estimate.value > 0 else estimate.negated
        return (
            f"It cannot be told whether {ahead} is better than {behind}: by itself the difference of {points(abs(estimate.value))} "
            f"({interval(shown)}) would say so, but it is one of {found.among.pairs} and may be chance (Holm: p {p_phrase(found.among.p)})."
        )
    return f"{counted(found.images, 'image')} cannot tell whether {a} or {b} is better; {_needed(found)}."


def _needed(found: Comparison) -> str:
    if found.images_needed is not None:
        return f"about {rounded(found.images_needed):,} could"
    if found.of_networks:
        return "no number of images that you can have could"
    return "more images alone could not: seeds differ by too much, so train more of them"


def evidence(found: Comparison) -> tuple[str, ...]:
    """What the answer rests on, a sentence each."""
    return tuple(filter(None, (_measured(found), _loss(found), _flips(found), scope(found))))


def scope(found: Comparison) -> str:
    """What the answer is about: networks or recipes."""
    if found.of_networks:
        return "One seed each: this is about these two networks. Other seeds of the same settings may differ; train several to compare the settings."
    a, b = (counted(number, "seed") for number in found.seeds)
    if min(found.seeds) == 1:
        place = found.seeds.index(1)
        return f"{a} against {b}: {found.names[place]} stands for its one network, the other for its settings."
    return f"{a} against {b}: this is about the settings, whatever the seed."


def _measured(found: Comparison) -> str:
    if found.answer == "better":
        return f"That is within the margin of {points(found.margin)}." if _is_small(found) else ""
    return f"Accuracy of {found.names[1]} minus that of {found.names[0]}: {difference(found.accuracy)}."


def _is_small(found: Comparison) -> bool:
    narrow = found.accuracy.narrow
    return -found.margin < narrow.low and narrow.high < found.margin


def difference(found: Difference) -> str:
    """A difference in accuracy with its interval: "0.3 points (−1.2 to 1.8)"."""
    return f"{points(found.estimate.value)} ({interval(found.estimate)})"


def _loss(found: Comparison) -> str:
    if found.loss is None:
        return "Their losses are not comparable."
    a, b = found.names
    estimate = found.loss.estimate
    if not estimate.sign:
        return f"Their losses cannot be told apart: {signed(estimate.value, 3)} ({signed(estimate.low, 3)} to {signed(estimate.high, 3)})."
    lower, shown = (b, estimate.negated) if estimate.value < 0 else (a, estimate)
    return f"The loss of {lower} is lower by {shown.value:.3f} ({shown.low:.3f} to {shown.high:.3f})."


def _flips(found: Comparison) -> str:
    a, b = found.names
    who = "" if found.of_networks else "Most seeds: "
    said = f"{who}{b} corrects {counted(len(found.gained), 'image')} that {a} gets wrong, and {a} {len(found.lost):,} that {b} gets wrong"
    return f"{said}." if found.mcnemar is None else f"{said} (McNemar's exact test: p {p_phrase(found.mcnemar)})."


def ranking_text(found: Ranking) -> tuple[str, ...]:
    """Which of several is best, which are as good, and what to expect on new images."""
    best, names = found.best, [found.names[place] for place in found.as_good]
    accuracy = found.accuracies[best]
    first = f"The best of {len(found.names)} is {found.names[best]}, {percent(accuracy)}."
    corrected = f"corrected for {counted(len(found.pairs), 'pair')} (Holm)"
    if len(names) + 1 == len(found.names):
        as_good = f"None of the others can be told from it, {corrected}."
    elif names:
        as_good = f"It cannot be told from {first_of(names, MOST_NAMES) if len(names) > MOST_NAMES else joined(names, 'or')}, {corrected}."
    else:
        as_good = f"All others are worse, {corrected}."
    fall = (
        f"Having been chosen on these images, it is expected to reach about {percent(accuracy - found.fall)} on new ones: "
        f"{points(found.fall)} less."
    )
    return first, as_good, fall


def visible_text(images: int) -> str:
    """What so many validation images can show, before a run starts."""
    typical, fewer = TYPICAL_DISAGREEMENT, TYPICAL_DISAGREEMENT / 2
    if (smallest := smallest_difference(images, typical)) > HARDLY_ANY:
        return f"{counted(images, 'validation image')} can hardly tell two runs apart: differences below {points(smallest)} are lost in chance."
    shown, smaller = (points(smallest_difference(images, disagreement)) for disagreement in (typical, fewer))
    return (
        f"{counted(images, 'validation image')} can show a difference of {shown} between two runs: in four of five comparisons, if they disagree on "
        f"{exact_percent(typical)} of the images; of {smaller} on {exact_percent(fewer)}."
    )


def points(share: float) -> str:
    """A difference in accuracy: "1.2 points"."""
    text = signed(100 * share, 1).removesuffix(".0")
    return f"{text} {'point' if text in ('1', '−1') else 'points'}"


def interval(estimate: Estimate) -> str:
    """The ends of an interval of a difference in accuracy, in points: "−0.2 to 2.3"."""
    return f"{signed(100 * estimate.low, 1)} to {signed(100 * estimate.high, 1)}"


def signed(value: float, digits: int) -> str:
    """A number with a minus sign where it is negative and does not round to 0."""
    text = f"{abs(value):.{digits}f}"
    return f"−{text}" if value < 0 and float(text) else text


def p_text(p: float) -> str:
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def p_phrase(p: float) -> str:
    """What stands behind "p": "= 0.14"."""
    text = p_text(p)
    return text if text.startswith("<") else f"= {text}"


def rounded(number: int) -> int:
    """To two figures: an estimate has no more."""
    size = max(0, len(str(number)) - 2)
    return int(round(number, -size))
