"""The rules of the verdicts: each returns the figures that its finding rests on, or None if it does not hold."""

from __future__ import annotations

import math

import numpy as np

from tl_core.diagnosis.ladder import share
from tl_core.diagnosis.observed import Observed
from tl_core.diagnosis.onset import jitter_of
from tl_core.diagnosis.types import Evidence
from tl_core.intervals import Estimate
from tl_core.records import Status

Found = tuple[Evidence, ...] | None

ALIKE = 0.5
"""A rise of the clean training loss by more than this share of that of the validation loss is no overfitting: both rise alike."""


LEAK = 1.5
"""Half widths of a 95 % interval that make one of 99.7 %."""

LARGE_GAP = 0.1
"""A gap that is certain to be above this is large: what was learned of the training images holds for no others."""

LEFT = 0.01
"""Below this share of the loss of guessing, a clean training loss has nothing left to fall to: its relative changes say nothing."""

JUMPS = 0.15
"""Jumps of the clean training loss from epoch to epoch, as a share of its level, that only too high a rate makes."""


def diverged(seen: Observed) -> Found:
    if seen.state.diverged:
        return (Evidence("epochs", seen.epochs, "count"),)
    end, chance = seen.at_end("train_eval_loss"), seen.chance_loss
    if end > max(3 * chance, 2 * seen.lowest_clean) and seen.at_end("train_eval_accuracy") <= 1.5 / max(
        seen.classes, 1
    ):
        return Evidence("clean_loss", end, "number"), Evidence("chance_loss", chance, "number")
    return None


def dead_start(seen: Observed) -> Found:
    if not seen.shaped or math.isnan(seen.chance_loss) or _chance_in_inference(seen) or diverged(seen):
        return None
    end, chance = seen.at_end("train_eval_loss"), seen.chance_loss
    late, whole = (float(seen.clean[place] - seen.clean[-1]) for place in (-max(2, seen.epochs // 3), 0))
    moves = late > 0.02 * chance or (whole > 0.01 * chance and rate_too_low(seen) is not None)
    at_chance = 0.95 * chance < end < 3 * chance and seen.at_end("train_eval_accuracy") < 1 / seen.classes + 0.1
    if at_chance and not moves:
        return Evidence("clean_loss", end, "number"), Evidence("chance_loss", chance, "number")
    return None


def _chance_in_inference(seen: Observed) -> bool:
    reported, clean = seen.at_end("accuracy"), seen.at_end("train_eval_accuracy")
    return bool(seen.classes) and clean < 1.5 / seen.classes and reported > clean + 0.25


def chance_in_inference(seen: Observed) -> Found:
    if not _chance_in_inference(seen):
        return None
    names = (("reported_accuracy", "accuracy"), ("clean_accuracy", "train_eval_accuracy"))
    return tuple(Evidence(name, seen.at_end(metric), "percent") for name, metric in names)


def class_collapse(seen: Observed) -> Found:
    outputs = seen.validation
    if (
        not seen.settled
        or dead_start(seen)
        or outputs.epochs < seen.epochs
        or not len(outputs.labels)
        or outputs.labels.min() < 0
        or outputs.predicted[seen.epochs - 1].min() < 0
    ):
        return None
    counts = np.bincount(outputs.labels, minlength=seen.classes)
    asked = np.flatnonzero(counts >= 5)
    missing = np.setdiff1d(asked, np.unique(outputs.predicted[seen.epochs - seen.end : seen.epochs]))
    if len(asked) < 2 or not len(missing):
        return None
    return (
        Evidence("predicted_classes", len(asked) - len(missing), "count"),
        Evidence("present_classes", len(asked), "count"),
    )


def rate_too_high(seen: Observed) -> Found:
    if not seen.shaped or math.isnan(seen.chance_loss) or diverged(seen):
        return None
    end, lowest, jumps = seen.at_end("train_eval_loss"), seen.lowest_clean, jitter_of(seen.clean)
    rises = end > max(1.5 * lowest, lowest + 0.1)
    above_chance = end > seen.chance_loss and seen.at_end("train_eval_accuracy") > 2 / seen.classes
    both_rise = seen.turn is not None and _turned(seen) is None
    if rises or above_chance or both_rise or jumps > max(JUMPS * end, 0.05):
        figures = ("clean_loss", end), ("lowest_clean_loss", lowest), ("clean_jumps", jumps)
        return tuple(Evidence(name, value, "number") for name, value in figures)
    return None


def _falls(curve: np.ndarray) -> float:
    """How much of its level a curve lost between the last fifth of its epochs and the fifth before."""
    width = max(1, len(curve) // 5)
    before, after = curve[-2 * width : -width].mean(), curve[-width:].mean()
    return float((before - after) / before) if before > 0 else 0.0


def not_finished(seen: Observed) -> Found:
    if not seen.shaped or seen.running or seen.turn or seen.state.stopped_early or rate_too_high(seen):
        return None
    clean, validation = _falls(seen.clean), _falls(seen.val_loss)
    if clean > 0.02 and validation > 0.02 and not seen.clean[-1] < LEFT * seen.chance_loss:
        return Evidence("clean_falls", clean, "percent"), Evidence("val_falls", validation, "percent")
    return None


def rate_too_low(seen: Observed) -> Found:
    if not seen.shaped or seen.running or seen.turn or math.isnan(seen.chance_loss):
        return None
    third = max(2, seen.epochs // 3)
    first, last = (float(part[0] - part[-1]) for part in (seen.clean[:third], seen.clean[-third:]))
    steady = min(first, last) > 4 * jitter_of(seen.clean) and float(seen.val_loss[-third] - seen.val_loss[-1]) > 0
    if steady and last > 0.5 * first and seen.clean[-1] > 0.3 * seen.chance_loss:
        return Evidence("clean_loss", float(seen.clean[-1]), "number"), Evidence("fall_kept", last / first, "percent")
    return None


def _turned(seen: Observed) -> Found:
    """The figures of a turn, if what was lost on validation images was not lost on training images alike."""
    turn = seen.turn
    if turn is None:
        return None
    place = int(np.flatnonzero(seen.records.column("epoch") == turn.epoch)[0])
    around = seen.clean[max(place - seen.end // 2, 0) : place + (seen.end + 1) // 2]
    rise = seen.at_end("train_eval_loss") - float(around.mean())
    if rise > ALIKE * turn.loss_cost.value:
        return None
    figures = [
        Evidence("turn", turn.epoch, "epoch", Estimate(turn.epoch, turn.low, turn.high)),
        Evidence.of("loss_cost", turn.loss_cost, "number"),
    ]
    if turn.accuracy_cost:
        figures.append(Evidence.of("accuracy_cost", turn.accuracy_cost, "points"))
    return (*figures, Evidence("clean_rise", rise, "number"))


def _kept_accuracy(seen: Observed) -> bool:
    cost = seen.turn.accuracy_cost if seen.turn else None
    return cost is not None and cost.value < 0.01 and cost.low <= 0


def _planted_learned(seen: Observed) -> Found:
    """More training images are right than have right labels: some wrong ones were learned."""
    noise, right = seen.spec.data.label_noise, seen.at_end("train_eval_accuracy")
    if not noise or not seen.clean_images or not share(right, seen.clean_images).low > 1 - noise:
        return None
    return (
        Evidence.of("clean_accuracy", share(right, seen.clean_images), "percent"),
        Evidence("right_labels", 1 - noise, "percent"),
    )


def memorised_labels(seen: Observed) -> Found:
    if planted := _planted_learned(seen):
        return planted
    found = seen.memorised
    if found is None or not found.holds or dead_start(seen) or _chance_in_inference(seen):
        return None
    figures = [Evidence("memorised_images", found.images, "count"), Evidence("memorised_share", found.share, "percent")]
    if found.humps is not None:
        figures.append(Evidence("hump_distance", found.humps.distance, "number"))
    if found.behind is not None:
        figures.append(Evidence.of("behind", found.behind, "points"))
    return tuple(figures)


def overfitting(seen: Observed) -> Found:
    return None if _kept_accuracy(seen) else _turned(seen)


def overconfident(seen: Observed) -> Found:
    return _turned(seen) if _kept_accuracy(seen) else None


def large_gap(seen: Observed) -> Found:
    gap = seen.last_gap
    if gap is None or not seen.settled or gap.low <= LARGE_GAP or _turned(seen) or rate_too_high(seen):
        return None
    return _gap_at_end(seen, gap)


def _gap_at_end(seen: Observed, gap: Estimate) -> tuple[Evidence, ...]:
    accuracies = (("clean_accuracy", "train_eval_accuracy"), ("val_accuracy", "val_accuracy"))
    measured = (Evidence(name, seen.at_end(metric), "percent") for name, metric in accuracies)
    return (*measured, Evidence.of("gap", gap, "points"))


def underfitting(seen: Observed) -> Found:
    gap, clean = seen.last_gap, seen.at_end("train_eval_accuracy")
    if (
        gap is None
        or not seen.settled
        or not_finished(seen)
        or rate_too_high(seen)
        or dead_start(seen)
        or diverged(seen)
    ):
        return None
    wrong = 1 - clean - seen.spec.data.label_noise
    if seen.turn is None and wrong > 0.1 and wrong > 2 * gap.value:
        return Evidence("clean_accuracy", clean, "percent"), Evidence.of("gap", gap, "points")
    return None


def plateau(seen: Observed) -> Found:
    if seen.epochs < 10 or seen.turn or dead_start(seen) or rate_too_high(seen):
        return None
    half = seen.clean[seen.epochs // 2 :]
    change = abs(float(half[: len(half) // 2].mean() - half[len(half) // 2 :].mean())) / max(float(half.mean()), 1e-9)
    if change < 0.01 and half.mean() > 0.05:
        return Evidence("clean_loss", float(half.mean()), "number"), Evidence("clean_change", change, "percent")
    return None


def leaking(seen: Observed) -> Found:
    if seen.twins is not None and seen.twins.any():
        found = [Evidence("twins", int(seen.twins.sum()), "count")]
        rungs = seen.ladder.rungs if seen.ladder else ()
        found += [Evidence.of("leaked", rung.share, "points") for rung in rungs if rung.name == "leaked"]
        return tuple(found)
    gap = seen.last_gap
    if gap is None or seen.spec.data.label_noise or gap.value > -0.02 or dead_start(seen):
        return None
    if gap.value + LEAK * (gap.high - gap.value) >= 0:  # An accusation needs more than 95 %.
        return None
    return (Evidence.of("gap", gap, "points"),)


def too_few_images(seen: Observed) -> Found:
    if seen.shaped and seen.few_images and not rate_too_high(seen):
        return (Evidence("images", seen.losses.images if seen.losses else 0, "count"),)
    if seen.smallest_effect is None or seen.turn or rate_too_high(seen):
        return None
    lowest = seen.lowest_loss
    if seen.smallest_effect <= 0.25 * lowest:
        return None
    images = Evidence("images", seen.losses.images if seen.losses else 0, "count")
    return (
        images,
        Evidence("smallest_effect", seen.smallest_effect, "number"),
        Evidence("lowest_loss", lowest, "number"),
    )


_BROKEN = (diverged, dead_start, chance_in_inference, class_collapse, rate_too_high, too_few_images, leaking, large_gap)


def healthy(seen: Observed) -> Found:
    if not seen.shaped or seen.smallest_effect is None or seen.rise is None or seen.state.status == Status.FAILED:
        return None
    if _turned(seen) or any(rule(seen) for rule in _BROKEN):
        return None
    effect = Evidence("smallest_effect", seen.smallest_effect, "number")
    return Evidence.of("loss_cost", seen.rise.loss, "number"), effect


_OF_ACCURACIES = (chance_in_inference, class_collapse, leaking, memorised_labels, large_gap, underfitting)


def solved_at_once(seen: Observed) -> Found:
    if not seen.solved or any(rule(seen) for rule in _OF_ACCURACIES):
        return None
    return _gap_at_end(seen, seen.last_gap) if seen.last_gap else ()


def few_epochs(seen: Observed) -> Found:
    if seen.settled or seen.running or diverged(seen):
        return None
    epochs = Evidence("trained_epochs", seen.epochs, "count")
    return (epochs, Evidence("inherited_epochs", seen.inherited, "count")) if seen.inherited else (epochs,)
