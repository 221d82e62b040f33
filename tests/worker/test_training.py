"""The training worker and its queue, with training itself replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.folders import add_run
from tl_core import store
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.engine.training import lifecycle
from tl_core.store import Run
from tl_core.worker.training import Asked, _train_next

Trained = list[Run]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    """The runs that were begun; nothing is trained."""
    begun: Trained = []
    monkeypatch.setattr(lifecycle, "carry_out", lambda run, *_: begun.append(run))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return begun


def queued(models: Path) -> Run:
    run = add_run(models, status=store.STOPPED)
    store.queue.add(run)
    return run


def test_the_queue_is_worked_off_in_its_order(models: Path, trained: Trained) -> None:
    runs = [queued(models), queued(models)]
    assert [_train_next(models, "cpu", Asked(), NetworkPool()) for _ in range(3)] == [True, True, False]
    assert trained == runs


def test_a_run_that_another_process_has_keeps_no_other_from_its_turn(models: Path, trained: Trained) -> None:
    held, free = queued(models), queued(models)
    with held.lock:
        assert _train_next(models, "cpu", Asked(), NetworkPool())
        assert not _train_next(models, "cpu", Asked(), NetworkPool())
    assert trained == [free]
    assert store.queue.waiting(models) == (held,)


@pytest.mark.parametrize("change", [store.queue.cancel, store.delete])
def test_a_run_that_is_cancelled_or_deleted_after_the_worker_saw_it_does_not_begin(
    models: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch, change: Callable[[Run], object]
) -> None:
    run = queued(models)
    monkeypatch.setattr(store.queue, "waiting", lambda _: (run,))
    change(run)
    assert not _train_next(models, "cpu", Asked(), NetworkPool())
    assert trained == []
    assert run.folder.exists() == (change is store.queue.cancel)


def test_a_run_of_which_nothing_can_be_written_ends_the_worker_and_waits_behind_the_others(
    models: Path, trained: Trained
) -> None:
    broken, other = queued(models), queued(models)
    broken.log.mkdir()  # Stands for a folder of another user.
    with pytest.raises(OSError, match=r"log\.txt"):
        _train_next(models, "cpu", Asked(), NetworkPool())
    assert store.queue.waiting(models) == (other, broken)
    assert store.read_state(broken).status == store.QUEUED
    assert _train_next(models, "cpu", Asked(), NetworkPool())
    assert trained == [other]
