"""What a run does at this moment, and how long it will still take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pages.folders import add_run
from tl_core import store
from tl_core.errors import Damaged
from tl_core.records import Activity, EpochRecord, PlannedPhase, Progress, RunState, Stage

TWO_PHASES = RunState(store.RUNNING, phases=(PlannedPhase(1, 5, 1.0), PlannedPhase(6, 10, 200.0)))


def moment(activity: Activity, done: int = 5, total: int = 10, passed: float = 2.0) -> Progress:
    return Progress(activity, done, total, since=100.0, at=100.0 + passed)


BACKWARDS = {"activity": {"stage": "training"}, "done": -1, "total": 10, "since": 1.0, "at": 2.0}


def lines(*seconds: float) -> list[EpochRecord]:
    return [EpochRecord(epoch, "head", {}, seconds=each) for epoch, each in enumerate(seconds, 1)]


def test_what_was_written_is_read_and_cleared_it_is_none(models: Path) -> None:
    run = add_run(models)
    assert store.read_progress(run) is None
    store.write_progress(run, moment(Activity(Stage.TRAINING, 2)))
    assert store.read_progress(run) == moment(Activity(Stage.TRAINING, 2))
    store.clear_progress(run)
    store.clear_progress(run)
    assert store.read_progress(run) is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"what": "Epoch 1"}', '{"new": 1}', json.dumps(BACKWARDS)])
def test_a_damaged_report_is_named(models: Path, content: str) -> None:
    run = add_run(models)
    (run.folder / "progress.json").write_text(content)
    with pytest.raises(Damaged, match=r"progress\.json"):
        store.read_progress(run)


def test_the_last_epochs_of_a_phase_say_how_long_it_goes_on_and_the_plan_what_comes_after() -> None:
    left = store.seconds_left(TWO_PHASES, lines(9.0, 2.0, 2.0), moment(Activity(Stage.TRAINING, 4)))
    assert left == pytest.approx(1.5 * 2.0 + 200.0)


def test_epochs_of_an_earlier_phase_say_nothing_of_a_later_one() -> None:
    left = store.seconds_left(
        TWO_PHASES, lines(*[0.1] * 5), moment(Activity(Stage.TRAINING, 6), done=1, total=10, passed=4.0)
    )
    assert left == pytest.approx(4.9 * 40.0)


def test_after_the_last_epoch_nothing_is_left() -> None:
    left = store.seconds_left(TWO_PHASES, lines(*[1.0] * 9), moment(Activity(Stage.MEASURING, 10), done=10))
    assert left == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("state", "progress"),
    [
        (TWO_PHASES, None),
        (TWO_PHASES, moment(Activity(Stage.DECODING))),
        (TWO_PHASES, moment(Activity(Stage.TRAINING, 1), done=0)),
        (TWO_PHASES, moment(Activity(Stage.TRAINING, 1), total=0)),
        (RunState(store.RUNNING), moment(Activity(Stage.TRAINING, 1))),
        (TWO_PHASES, moment(Activity(Stage.TRAINING, 11))),
    ],
)
def test_where_nothing_says_so_yet_nothing_is_claimed(state: RunState, progress: Progress | None) -> None:
    assert store.seconds_left(state, [], progress) is None


def test_a_stage_is_judged_by_its_speed_so_far() -> None:
    assert store.stage_seconds_left(moment(Activity(Stage.DECODING), done=30, total=90, passed=3.0)) == pytest.approx(
        6.0
    )


@pytest.mark.parametrize(
    "progress", [moment(Activity(Stage.DECODING), done=0), moment(Activity(Stage.DECODING), passed=0.5)]
)
def test_the_first_second_of_a_stage_says_nothing(progress: Progress) -> None:
    assert store.stage_seconds_left(progress) is None
