"""The stamp: another one whenever something about the runs changed, the same one as long as nothing did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Progress, Stage
from tl_core.store import Notes, Run, changes


def settle() -> None:
    """Waits until a look at the folders sees all there is to see."""
    time.sleep(1.5 * changes.TICK)


def an_epoch(run: Run) -> None:
    append_line(run, epoch_line(4, 0.9, 0.8))
    store.write_state(run, epoch=4)


CHANGES: dict[str, Callable[[Run], object]] = {
    "an epoch": an_epoch,
    "a report of progress": lambda run: store.write_progress(
        run, Progress(Activity(Stage.TRAINING, 1), 1, 2, 1.0, 2.0)
    ),
    "a request to stop": store.request_stop,
    "a note": lambda run: store.write_notes(run, Notes("new")),
    "an end": lambda run: store.write_state(run, status=store.STOPPED),
    "a deletion": store.delete,
    "a death": lambda run: store.write_state(run, pid=1, process_started=1.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_a_run_changes_both_stamps(models: Path, change: Callable[[Run], object]) -> None:
    add_run(models)
    run = add_run(models, **trained_here())
    settle()
    before = changes.stamp(models), changes.stamp_of(run)
    assert before == (changes.stamp(models), changes.stamp_of(run))
    change(run)
    assert changes.stamp(models) != before[0]
    assert changes.stamp_of(run) != before[1]


def test_a_process_that_dies_without_touching_a_file_changes_both_stamps(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models, **trained_here())
    settle()
    before = changes.stamp(models), changes.stamp_of(run)
    monkeypatch.setattr(changes, "is_alive", lambda *_: False)
    assert changes.stamp(models) != before[0]
    assert changes.stamp_of(run) != before[1]


def test_a_process_that_falls_silent_changes_both_stamps(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = add_run(models, **trained_here())
    store.write_progress(run, Progress(Activity(Stage.TRAINING, 1), 1, 2, 1.0, 2.0))
    settle()
    before = changes.stamp(models), changes.stamp_of(run)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + changes.SILENT + 1)
    assert changes.stamp(models) != before[0]
    assert changes.stamp_of(run) != before[1]


def test_another_run_changes_the_stamp_of_all_and_not_of_one(models: Path) -> None:
    run = add_run(models)
    settle()
    before = changes.stamp(models), changes.stamp_of(run)
    add_run(models)
    assert changes.stamp(models) != before[0]
    assert changes.stamp_of(run) == before[1]


@pytest.mark.parametrize("last", [store.STOPPED, store.RUNNING])
def test_two_changes_within_one_tick_of_the_clock_of_files_are_both_seen(
    models: Path, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models)
    made_by_the_dead = {"pid": 1, "process_started": 1.0}
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)  # A busy machine may take longer than a tick between two lines.
    tick = int(now * 1e9)
    os.utime(run.folder, ns=(tick, tick))
    before = changes.stamp(models), changes.stamp_of(run)
    store.write_state(run, status=last, **made_by_the_dead)
    os.utime(run.folder, ns=(tick, tick))
    monkeypatch.setattr("time.time", lambda: now + 1.5 * changes.TICK)
    assert changes.stamp(models) != before[0]
    assert changes.stamp_of(run) != before[1]


def test_a_look_asks_once_for_a_process_that_made_many_runs(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        store.create(models, ExperimentSpec())
    asked: list[object] = []
    monkeypatch.setattr(changes, "is_alive", lambda *process: asked.append(process))
    changes.stamp(models)
    assert len(asked) == 1


def test_the_queue_counts_for_both(models: Path) -> None:
    runs = [add_run(models, status=store.STOPPED) for _ in range(3)]
    before = changes.stamp(models), changes.stamp_of(runs[0])
    for run in runs:
        store.queue.add(run)
    queued = changes.stamp(models), changes.stamp_of(runs[0])
    settle()
    store.queue.move(runs[2], -1)
    moved = changes.stamp(models), changes.stamp_of(runs[0])
    assert len({before, queued, moved}) == 3


def test_a_lab_without_a_folder_has_a_stamp(tmp_path: Path) -> None:
    assert changes.stamp(tmp_path / "nowhere") == changes.stamp(tmp_path / "nowhere")
