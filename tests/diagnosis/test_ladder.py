"""The gap ladder."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.diagnosis.ladder import difference, ladder_of, share
from tl_core.records import EpochRecord, RunState, Status


def record(reported: float, clean: float, validation: float) -> EpochRecord:
    return EpochRecord(7, "head", {"accuracy": reported, "train_eval_accuracy": clean, "val_accuracy": validation})


STATE = RunState(Status.FINISHED, images={"train": 3000, "validation": 400})


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 10, case (a): 56/70 - 48/80.
    found = difference(share(56 / 70, 70), share(48 / 80, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_the_rungs_lead_from_reported_to_validation_accuracy() -> None:
    ladder = ladder_of(record(0.80, 0.95, 0.85), STATE)
    assert ladder is not None
    named = {rung.name: rung.share for rung in ladder.rungs}
    assert list(named) == ["regularisation", "memorised"]
    assert sum(found.value for found in named.values()) == pytest.approx(0.80 - 0.85)
    assert named["regularisation"].sign == -1, "dropout and augmentation make the reported accuracy lower"
    assert named["memorised"].value == pytest.approx(0.10) and named["memorised"].sign == 1


def test_clean_accuracy_is_as_certain_as_the_images_it_is_measured_on() -> None:
    few, many = (
        ladder_of(record(0.9, 0.95, 0.85), RunState(Status.FINISHED, images={"train": train, "validation": 400}))
        for train in (50, 5000)
    )
    assert few is not None and many is not None
    assert few.clean.high - few.clean.low > 2 * (many.clean.high - many.clean.low)
    assert (many.clean.low, many.clean.high) == (share(0.95, 1000).low, share(0.95, 1000).high)


def test_near_twins_have_a_rung_that_says_what_they_add() -> None:
    correct = np.array([True] * 50 + [True] * 20 + [False] * 30)
    twins = np.arange(100) < 50
    ladder = ladder_of(record(0.9, 0.95, 0.70), STATE, correct, twins)
    assert ladder is not None
    rung = ladder.rungs[-1]
    assert rung.name == "leaked"
    assert rung.share.value == pytest.approx(0.70 - 0.40)
    assert ladder_of(record(0.9, 0.95, 0.7), STATE, correct, None).rungs[-1].name == "memorised"  # type: ignore[union-attr]


def test_without_the_numbers_of_images_there_is_no_ladder() -> None:
    assert ladder_of(record(0.9, 0.95, 0.7), RunState(Status.RUNNING)) is None
