"""How an exploration runs: with runners that behave and misbehave, and once as a real process."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import small_spec
from tests.explorations.results import ASKED, PROBE
from tl_core import explorations, service, store
from tl_core.errors import RunFailed, RunStopped
from tl_core.explorations import KINDS, Asked, Exploration
from tl_core.records import Activity, ProgressCallback, Stage, Status
from tl_core.service import exploring
from tl_core.worker import explore
from tl_core.worker.explore import RUNNERS, Partial


@dataclass
class Runner:
    """Reports progress, a result so far, and then what it is told."""

    ends_with: Any
    stop: Exploration | None = None

    def __call__(self, _spec: Any, _options: Any, _models: Path, progress: ProgressCallback, partial: Partial) -> Any:
        progress(Activity(Stage.PROBING), 1, 9)
        partial(replace(PROBE, source="so far"))
        if self.stop:
            explorations.request_stop(self.stop)
        progress(Activity(Stage.PROBING), 2, 9)
        if isinstance(self.ends_with, BaseException):
            raise self.ends_with
        return self.ends_with


def ended(models: Path, ends_with: Any, *, stopped: bool = False) -> Exploration:
    made = explorations.create(models, ASKED)
    explore.run(made, {"depth-probe": Runner(ends_with, made if stopped else None)})
    assert explorations.read_progress(made) is None
    return made


def test_a_result_is_kept_and_how_long_it_took(models: Path) -> None:
    made = ended(models, PROBE)
    state = explorations.read_state(made)
    assert (state.status, state.message) == (Status.FINISHED, "")
    assert state.seconds is not None
    assert explorations.read_result(made) == PROBE


def test_one_that_is_stopped_keeps_what_it_had_found(models: Path) -> None:
    made = ended(models, PROBE, stopped=True)
    assert explorations.read_state(made).status == Status.STOPPED
    assert explorations.read_result(made).source == "so far"


def test_a_runner_may_return_what_it_has_when_it_is_stopped(models: Path) -> None:
    made = explorations.create(models, ASKED)

    def lenient(_spec: Any, _options: Any, _models: Path, progress: ProgressCallback, _partial: Partial) -> Any:
        explorations.request_stop(made)
        with pytest.raises(RunStopped):
            progress(Activity(Stage.PROBING), 1, 9)
        return PROBE

    explore.run(made, {"depth-probe": lenient})
    assert explorations.read_state(made).status == Status.STOPPED
    assert explorations.read_result(made) == PROBE


def test_a_failure_is_said_in_a_sentence(models: Path) -> None:
    made = ended(models, RunFailed("The features do not fit into memory."))
    state = explorations.read_state(made)
    assert (state.status, state.message) == (Status.FAILED, "The features do not fit into memory.")


def test_an_unexpected_error_is_said_with_its_type_and_logged(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = ended(models, ZeroDivisionError("division by zero"))
    state = explorations.read_state(made)
    assert state.status == Status.FAILED
    assert "ZeroDivisionError: division by zero" in state.message
    assert any(record.exc_info for record in caplog.records)


def test_every_kind_has_a_runner() -> None:
    assert set(RUNNERS) == set(KINDS.names)


@pytest.mark.long
@pytest.mark.slow
def test_a_real_process_answers_one_after_another_and_a_waiting_one_can_be_cancelled(models: Path) -> None:
    asked = Asked(KINDS["depth-probe"], small_spec(), ASKED.options)
    try:
        first, second = exploring.explore(models, asked), exploring.explore(models, asked)
        explorations.request_stop(second)
        ends = time.monotonic() + 120
        while explorations.read_state(first).status not in explorations.ENDED and time.monotonic() < ends:
            time.sleep(0.1)
    finally:
        service.stop()
    assert explorations.read_state(first).status == Status.FINISHED
    assert explorations.read_result(first).depths
    assert explorations.read_state(second).message == exploring.CANCELLED


@pytest.mark.slow
def test_a_process_that_cannot_start_is_said(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(self: Any) -> Any:
        raise RunFailed("The service worker ended during the request.")

    monkeypatch.setattr("tl_core.service.client.Client._ready_worker", dies)
    made = exploring.explore(models, ASKED)
    ends = time.monotonic() + 30
    while explorations.read_state(made).status == Status.QUEUED and time.monotonic() < ends:
        time.sleep(0.01)
    service.stop()
    state = explorations.read_state(made)
    assert (state.status, state.message) == (Status.FAILED, "The service worker ended during the request.")


def test_an_end_that_a_full_disk_keeps_from_being_written_is_written_later(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exploration = explorations.create(models, ASKED)
    explorations.write_state(exploration, status=Status.RUNNING, **store.this_process())
    write, failures = explorations.write_state, [OSError(28, "No space left on device")] * 2

    def write_state(*arguments: Any, **changes: Any) -> Any:
        if failures:
            raise failures.pop()
        return write(*arguments, **changes)

    monkeypatch.setattr(exploring, "RETRY", 0.0, raising=False)
    monkeypatch.setattr(explorations, "write_state", write_state)
    exploring._ended(exploration, Status.FAILED, "The disk is full.")
    assert explorations.read_state(exploration).message == "The disk is full."
