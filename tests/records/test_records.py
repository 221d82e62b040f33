"""Records are read back as they were written; what is damaged or of another version is told apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tl_core.records import (
    MALFORMED,
    Activity,
    EarlyStop,
    Environment,
    ForkOrigin,
    PlannedPhase,
    Progress,
    RunState,
    Stage,
    Status,
    from_json,
)

PROGRESS = Progress(Activity(Stage.TRAINING, 3), 12, 96, 100.0, 101.5, rate=321.0, cpu=98.0, memory=900_000_000)

STATE = RunState(
    Status.FINISHED,
    title="first",
    created=1_700_000_000.5,
    pid=7,
    process_started=1_700_000_000.0,
    seconds=12.5,
    epoch=3,
    epochs=5,
    phases=(PlannedPhase(1, 5, 2.5),),
    images={"train": 8, "validation": 2, "test": 0},
    environment=Environment({"keras": "3.15.0"}, "3.11.7", "cpu", 2, training=2),
    stopped_early=EarlyStop(3, "The validation loss no longer falls."),
    forked_from=ForkOrigin("20260101-120000-first-ab12", 2, "first"),
)


def stored(record: Any) -> Any:
    """What a reader finds of a record that was written."""
    return json.loads(json.dumps(asdict(record)))


@pytest.mark.parametrize("record", [Activity(Stage.FEATURES, part="view 1 of 3"), PROGRESS, STATE])
def test_what_was_written_is_read(record: Any) -> None:
    assert from_json(type(record), stored(record)) == record


@pytest.mark.parametrize(
    "change",
    [
        {"done": "12"},
        {"done": 1.5},
        {"done": True},
        {"at": "now"},
        {"at": float("nan")},
        {"activity": {}},
        {"activity": 3},
        {"activity": {"stage": "sleeping"}},
        {"memory": [1]},
    ],
)
def test_a_value_of_another_type_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        from_json(Progress, {**stored(PROGRESS), **change})


def test_a_state_of_another_version_loads_without_what_it_does_not_have() -> None:
    state = RunState.from_json({"status": "stopped", "epoch": 4, "idea_of_tomorrow": [1, 2]})
    assert state == RunState(Status.STOPPED, epoch=4)


def test_an_environment_of_before_versions_were_recorded_is_the_first() -> None:
    values = stored(STATE)
    del values["environment"]["training"]
    state = RunState.from_json(values)
    assert state.environment == Environment({"keras": "3.15.0"}, "3.11.7", "cpu", 2, training=1)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("It was ended (SIGKILL). Resume goes on from the last epoch.", "It was ended (SIGKILL)."),
        ("Taken out of the queue before it began; resume starts it.", "Taken out of the queue before it began."),
        ("It ran out of memory.", "It ran out of memory."),
    ],
)
def test_the_advice_that_earlier_versions_stored_is_no_part_of_a_message(stored: str, read: str) -> None:
    assert RunState.from_json({"status": "stopped", "message": stored}).message == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seconds", "long"),
        ("seconds", 10**400),
        ("created", []),
        ("epoch", "3"),
        ("phases", [{"first": 1}]),
        ("images", {"train": "many"}),
        ("environment", {"packages": []}),
        ("forked_from", "another"),
        ("stopped_early", {"reason": "why"}),
    ],
)
def test_a_malformed_value_is_named_and_all_others_are_read(name: str, value: Any) -> None:
    state = RunState.from_json({**stored(STATE), name: value})
    assert state.malformed == (name,)
    assert getattr(state, name) == getattr(RunState(Status.QUEUED), name)
    assert state.title == STATE.title and state.test_loss == STATE.test_loss


@pytest.mark.parametrize(
    "values", [None, [], "finished", {}, {"status": "gone"}, {"status": None}, {"status": ["failed"]}]
)
def test_a_state_without_a_status_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="has no status"):
        RunState.from_json(values)


def test_a_state_of_an_earlier_version_has_the_metrics_of_its_best_epoch() -> None:
    state = RunState.from_json({"status": "finished", "best_epoch": 2, "val_loss": 0.5, "val_accuracy": 0.9})
    assert state.best_metrics == {"val_loss": 0.5, "val_accuracy": 0.9}
    assert RunState.from_json(json.loads(json.dumps(state.to_json()))) == state
