"""Real supervisors, real workers, real deaths."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.conftest import small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.devices import Device
from tl_core.store import Run
from tl_core.supervisor import Supervisor, Worker, settings, workers

pytestmark = pytest.mark.slow

WAIT = 120
"""Seconds for what takes a few on an idle machine: loading Keras, an epoch."""

CPU = Device("cpu", "Processor", {"TF_NUM_INTRAOP_THREADS": "1"})
LONG = {"train__epochs": 5000}


@contextmanager
def supervising(models: Path) -> Iterator[Callable[[], Supervisor]]:
    """Gives what starts supervisors over `models`; whatever happens, no worker outlives the block."""
    made: list[Supervisor] = []

    def start() -> Supervisor:
        made.append(Supervisor(models, [CPU]))
        made[-1].start()
        return made[-1]

    yield start
    settings.write(models, settings.Settings("stop"))
    for supervisor in made:
        supervisor.stop()
    for worker in workers(models):
        psutil.Process(worker.pid).kill()


@pytest.fixture
def supervise(models: Path) -> Iterator[Callable[[], Supervisor]]:
    with supervising(models) as start:
        yield start


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A models folder with two supervisors, as of two dashboards, and one worker, which loads Keras once for several tests."""
    models = tmp_path_factory.mktemp("supervised")
    with supervising(models) as start:
        start()
        start()
        yield models


def queued(models: Path, **changes: Any) -> Run:
    run = store.create(models, small_spec(**changes), "small")
    store.queue.add(run)
    return run


def until(what: Callable[[], object], said: str) -> None:
    ends = time.monotonic() + WAIT
    while not what():
        assert time.monotonic() < ends, f"waited {WAIT} s for {said}"
        time.sleep(0.05)


def reached(run: Run, epochs: int) -> Callable[[], bool]:
    return lambda: len(read_lines(run)) >= epochs


def has(run: Run, status: str) -> Callable[[], bool]:
    return lambda: store.read_state(run).status == status


def trainer(models: Path) -> Worker:
    until(lambda: workers(models), "a worker")
    return workers(models)[0]


def left_training(models: Path, supervise: Callable[[], Supervisor]) -> tuple[Run, Worker]:
    """A run two epochs in, and the worker that goes on with it after its dashboard was closed."""
    settings.write(models, settings.Settings("go on"))
    run = queued(models, **LONG)
    supervisor = supervise()
    until(reached(run, 2), "two epochs")
    worker = trainer(models)
    supervisor.stop()
    return run, worker


def test_queued_runs_are_trained_one_after_the_other_by_one_warm_worker(supervised: Path) -> None:
    models = supervised
    first, second = queued(models), queued(models, train__seed=1)
    until(has(second, store.FINISHED), "the second run")
    assert has(first, store.FINISHED)()
    states = [store.read_state(run) for run in (first, second)]
    assert states[0].pid == states[1].pid == trainer(models).pid
    assert states[0].started + states[0].seconds <= states[1].started + 0.1
    assert store.queue.waiting(models) == ()
    assert len(workers(models)) == 1
    assert psutil.Process(trainer(models).pid).nice() > psutil.Process().nice(), "pages come first"
    assert [line["epoch"] for line in read_lines(first)] == [1, 2]


def test_a_worker_that_is_killed_is_replaced_and_its_run_says_why_and_goes_on_when_it_is_resumed(
    supervised: Path,
) -> None:
    models = supervised
    run = queued(models, train__epochs=60)
    until(reached(run, 3), "three epochs")
    killed = trainer(models).pid
    os.kill(killed, signal.SIGKILL)
    until(has(run, store.INTERRUPTED), "the run to be seen as interrupted")
    until(lambda: "SIGKILL" in store.read_state(run).message, "the reason")
    until(lambda: any(w.pid != killed and w.state == "idle" for w in workers(models)), "a new worker")
    assert has(run, store.INTERRUPTED)()  # Nobody starts it again unasked.
    store.queue.add(run)
    until(has(run, store.FINISHED), "the end")
    assert [line["epoch"] for line in read_lines(run)] == list(range(1, 61))


def test_a_run_stops_on_request_and_the_worker_takes_the_next(supervised: Path) -> None:
    models = supervised
    run, following = queued(models, **LONG), queued(models)
    until(reached(run, 2), "two epochs")
    moment = store.read_progress(run)
    assert moment is not None and moment.activity.epoch and moment.memory
    store.request_stop(run)
    until(has(run, store.STOPPED), "the stop")
    assert "on request" in store.read_state(run).message
    until(has(following, store.FINISHED), "the next run")
    assert not (run.folder / "stop").exists() and store.read_progress(run) is None


def test_closing_the_lab_stops_training_with_its_checkpoint_within_twenty_seconds(
    models: Path, supervise: Callable[[], Supervisor]
) -> None:
    run, following = queued(models, **LONG), queued(models)
    supervisor = supervise()
    until(reached(run, 2), "two epochs")
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < 20
    assert workers(models) == ()
    assert store.read_state(run).status == store.STOPPED
    assert "closed" in store.read_state(run).message
    assert store.queue.waiting(models) == (following,)  # It waits for the next start.


@pytest.mark.long
def test_training_goes_on_without_the_dashboard_where_that_is_set_and_the_next_one_looks_after_its_worker(
    models: Path, supervise: Callable[[], Supervisor]
) -> None:
    run, worker = left_training(models, supervise)
    trained = len(read_lines(run))
    until(reached(run, trained + 3), "epochs without a dashboard")
    supervise()
    time.sleep(1.5)
    assert [found.pid for found in workers(models)] == [worker.pid]  # Taken over, not started.
    store.request_stop(run)
    until(has(run, store.STOPPED), "the stop asked for by the second dashboard")
    store.queue.add(run)
    until(has(run, store.RUNNING), "the run to go on")  # The worker may say "training" of what it has just stopped.
    os.kill(worker.pid, signal.SIGKILL)
    until(has(run, store.INTERRUPTED), "the run to be seen as interrupted")
    until(lambda: any(w.pid != worker.pid for w in workers(models)), "a new worker")
    assert has(run, store.INTERRUPTED)()


def test_a_worker_that_does_not_answer_is_ended_when_its_run_should_stop(
    supervised: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_core.supervisor.supervisor.PATIENCE", 1.0)
    models = supervised
    run = queued(models, **LONG)
    until(reached(run, 2), "two epochs")
    stuck = trainer(models).pid
    os.kill(stuck, signal.SIGSTOP)
    store.request_stop(run)
    until(has(run, store.INTERRUPTED), "the end of a worker that is stuck")
    until(lambda: "SIGKILL" in store.read_state(run).message, "the reason")
    assert stuck not in {worker.pid for worker in workers(models)}
