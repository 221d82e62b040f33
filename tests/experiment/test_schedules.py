"""The course of the learning rate, against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest

from tests.each import for_each
from tl_core.experiment.schedules import Plateau, is_constant, rate
from tl_core.experiment.spec import ScheduleSpec
from tl_core.records import EpochRecord

NAMES = get_args(ScheduleSpec.model_fields["name"].annotation)


def rates(epochs: int = 4, steps: int = 2, base: float = 1.0, first: int = 1, **settings: Any) -> list[float]:
    """Every step of a course that begins at an epoch."""
    spec, last = ScheduleSpec(**settings), first + epochs - 1
    return [
        rate(spec, base, epoch, step, steps, (first, last)) for epoch in range(first, last + 1) for step in range(steps)
    ]


def records(*losses: float) -> list[EpochRecord]:
    return [EpochRecord(epoch, "head", {"val_loss": loss}) for epoch, loss in enumerate(losses, 1)]


def test_a_constant_rate_stays_what_is_set_to_the_bit() -> None:
    assert rates(base=0.1) == [0.1] * 8


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"name": "step", "every": 2, "factor": 0.5}, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]),
        ({"name": "step", "every": 1, "factor": 0.5, "floor": 0.2}, [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]),
        ({"name": "exponential", "factor": 0.25}, [1, 0.5, 0.25, 0.125, 1 / 16, 1 / 32, 1 / 64, 1 / 128]),
        ({"name": "exponential", "factor": 0.25, "floor": 0.1}, [1, 0.5, 0.25, 0.125, 0.1, 0.1, 0.1, 0.1]),
        ({"name": "constant", "warmup_epochs": 2}, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]),
        ({"name": "constant", "warmup_epochs": 0.75}, [2 / 3, 1, 1, 1, 1, 1, 1, 1]),
        ({"name": "constant", "warmup_epochs": 8}, [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8, 1]),
        ({"name": "step", "every": 1, "factor": 0.5, "warmup_epochs": 1}, [0.5, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]),
    ],
    ids=str,
)
def test_a_course_of_four_epochs_of_two_steps_has_these_rates(settings: dict[str, Any], expected: list[float]) -> None:
    if (
        settings.get("warmup_epochs", 0) > 4
    ):  # Longer than the course: the rate rises to its end and reaches what is set.
        assert rates(**settings) == pytest.approx(expected)
    assert rates(**settings) == pytest.approx(expected)


def test_cosine_goes_down_half_a_wave_to_the_floor() -> None:
    made = rates(name="cosine", floor=0.2)
    assert made[0] == 1
    assert made[4] == pytest.approx(0.6)  # half way: 0.2 + 0.8 * (1 + cos(pi / 2)) / 2
    assert made[2] == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)
    assert made == sorted(made, reverse=True)
    assert rates(epochs=1, steps=1000, name="cosine", floor=0.2)[-1] == pytest.approx(0.2, abs=1e-5)


def test_one_cycle_begins_at_a_twenty_fifth_reaches_the_whole_rate_after_three_tenths_and_ends_at_the_floor() -> None:
    made = rates(epochs=10, steps=10, base=2.0, name="one-cycle", floor=0.1)
    assert made[0] == pytest.approx(2 / 25)
    assert made[15] == pytest.approx((2 / 25 + 2) / 2)  # half way up
    assert made.index(max(made)) == 30
    assert made[30] == pytest.approx(2.0)
    assert made[65] == pytest.approx(2 * (0.1 + 1) / 2)  # half way down
    assert rates(epochs=1, steps=1000, name="one-cycle", floor=0.1)[-1] == pytest.approx(0.1, abs=1e-4)


def test_warm_up_of_one_cycle_ends_where_the_cycle_begins() -> None:
    made = rates(epochs=11, steps=10, name="one-cycle", warmup_epochs=1)
    assert made[9] == pytest.approx(1 / 25)
    assert made[10:] == pytest.approx(rates(epochs=10, steps=10, name="one-cycle"))


@pytest.mark.parametrize("name", NAMES)
def test_a_later_phase_goes_through_the_whole_course_again(name: str) -> None:
    assert rates(first=7, name=name, warmup_epochs=0.5) == rates(first=1, name=name, warmup_epochs=0.5)


@for_each("name", NAMES)
@for_each("warmup", [0.0, 1.5, 50.0])
def test_no_rate_is_nothing_or_above_what_is_set(name: str, warmup: float) -> None:
    made = rates(epochs=7, steps=3, base=0.3, name=name, warmup_epochs=warmup, factor=0.1)
    assert all(0 < value <= 0.3 * (1 + 1e-12) for value in made)


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_shares_of_what_is_set(name: str) -> None:
    whole, tenth = (rates(base=base, name=name, warmup_epochs=1) for base in (1.0, 0.1))
    assert [value * 0.1 for value in whole] == pytest.approx(tenth)


def test_plateau_lowers_the_rate_when_the_loss_stood_still_for_its_patience() -> None:
    spec = ScheduleSpec(name="plateau", patience=2, factor=0.5)
    #                 falls, falls, waits 1, waits 2: lowered, waits 1, falls (waits 0), 1, 2: lowered again
    seen = records(1.0, 0.9, 0.95, 0.9, 0.91, 0.8, 0.8, 0.79995)
    plateau = Plateau(spec, (1, 20))
    made = [rate(spec, 1.0, epoch, 0, 1, (1, 20), plateau.lowered(seen[: epoch - 1])) for epoch in range(1, 10)]
    assert made == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]
    assert Plateau(spec, (1, 20)).lowered(seen) == 2, "seen at once, as after a resume"


def test_plateau_sees_neither_other_phases_nor_epochs_that_warm_up() -> None:
    spec = ScheduleSpec(name="plateau", patience=1, factor=0.5)
    risen = records(0.1, 0.2, 0.3, 1.0, 1.1)
    assert Plateau(spec, (4, 9)).lowered(risen) == 1, "one epoch of this phase was no better; earlier ones do not count"
    warm = spec.model_copy(update={"warmup_epochs": 2.0})
    assert Plateau(warm, (1, 9)).lowered(risen[:4]) == 1, "only epoch 4 is worse than one after the warm-up"


def test_plateau_continues_where_a_parent_was_and_no_further_back_than_its_span() -> None:
    spec = ScheduleSpec(name="plateau", patience=2)
    before, own = records(1.0, 1.0, 1.0, 1.0), [EpochRecord(5, "head", {"val_loss": 1.0})]
    assert Plateau(spec, (1, 9)).lowered([*before, *own]) == 2
    assert Plateau(spec, (1, 9), before).lowered(own) == 2
    assert Plateau(spec, (5, 9), before).lowered(own) == 0


def test_plateau_stays_above_its_floor() -> None:
    spec = ScheduleSpec(name="plateau", patience=1, factor=0.1, floor=0.05)
    assert rate(spec, 1.0, 9, 0, 1, (1, 9), Plateau(spec, (1, 9)).lowered(records(*[1.0] * 8))) == 0.05


@pytest.mark.parametrize("name", NAMES)
def test_only_what_never_changes_is_called_constant(name: str) -> None:
    assert is_constant(ScheduleSpec(name=name)) is (name == "constant")
    assert not is_constant(ScheduleSpec(name=name, warmup_epochs=1))
