"""The gap ladder: what lies between the reported training accuracy and the validation accuracy of an epoch."""

from __future__ import annotations

import math

import numpy as np

from tl_core.diagnosis.types import GapLadder, Rung
from tl_core.intervals import Estimate, wilson_interval
from tl_core.metrics import TRAIN_EVAL_IMAGES
from tl_core.records import EpochRecord, RunState

TITLES = {
    "regularisation": "Made by augmentation, dropout and averaging over the epoch",
    "memorised": "Memorised",
    "leaked": "Hidden by near-twins among the validation images",
}


def ladder_of(
    record: EpochRecord, state: RunState, correct: np.ndarray | None = None, twins: np.ndarray | None = None
) -> GapLadder | None:
    """The ladder of an epoch; None if its accuracies or the numbers of images are unknown.

    Args:
        correct: Whether each validation image is classified correctly in this epoch: bool, shape (images,).
        twins: Whether each has a near-twin among the training images: bool, shape (images,).
    """
    train, validated = state.images.get("train", 0), state.images.get("validation", 0)
    measured = [record.metrics.get(name, math.nan) for name in ("train_eval_accuracy", "val_accuracy")]
    if not train or not validated or not all(map(math.isfinite, measured)):
        return None
    clean = share(measured[0], min(train, TRAIN_EVAL_IMAGES))
    validation = share(measured[1], validated)
    told = record.metrics.get("accuracy")
    reported = None if told is None else share(min(max(told, 0.0), 1.0), train)
    rungs = [Rung("memorised", TITLES["memorised"], difference(clean, validation))]
    if reported:
        rungs.insert(0, Rung("regularisation", TITLES["regularisation"], difference(reported, clean)))
    if correct is not None and twins is not None and twins.any() and not twins.all():
        rungs.append(Rung("leaked", TITLES["leaked"], _leaked(correct, twins)))
    return GapLadder(record.epoch, reported, clean, validation, tuple(rungs))


def _leaked(correct: np.ndarray, twins: np.ndarray) -> Estimate:
    """By how much near-twins raise the accuracy: their share, times the difference to the other images."""
    apart = [share(float(part.mean()), len(part)) for part in (correct[twins], correct[~twins])]
    found, weight = difference(*apart), float(twins.mean())
    return Estimate(weight * found.value, weight * found.low, weight * found.high)


def share(value: float, images: int) -> Estimate:
    """An accuracy measured on so many images, with Wilson's interval."""
    low, high = wilson_interval(round(value * images), images)
    return Estimate(value, min(low, value), max(high, value))


def difference(one: Estimate, other: Estimate) -> Estimate:
    """One accuracy minus another of other images, with Newcombe's interval (1998, method 10), which stays valid near 0 and 1."""
    value = one.value - other.value
    low = math.hypot(one.value - one.low, other.high - other.value)
    high = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, value - low, value + high)
