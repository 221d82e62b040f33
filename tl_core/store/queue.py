"""The queue of runs, in order, on disk.

models/queue/<run id>.json is an entry; its `place` orders it, and its `task` says what to do with the run. Entries are added, moved and
removed by one atomic operation on one file, so any number of dashboards, workers and command lines can do so concurrently.

The process that trains a run removes its entry after the state is "running": if it is killed in between, the run is taken again. Adding,
moving and cancelling take the run lock, so that the run cannot start meanwhile: its entry would then start it a second time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from tl_core.errors import BadInput, Damaged
from tl_core.files import read_json, write_json
from tl_core.records import typed
from tl_core.store.run import FINISHED, QUEUED, RUNNING, STOPPED, Run, held, read_spec
from tl_core.store.state import read_state, stored_status, write_state

Task = Literal["train", "export"]
"""train: to its last epoch. export: the best epoch so far of a run that ended before; it then has the status it had."""

MOMENT = 2.0
"""Seconds to wait for short operations of other processes on a run."""

CANCELLED = "Removed from the queue before it started."

_REFUSED = {
    RUNNING: ("is training right now", "Wait for it, or stop it."),
    FINISHED: ("is finished", "Start a new run to train longer."),
}


def waiting(models: Path) -> tuple[Run, ...]:
    """The queued runs, next first."""
    return tuple(run for _, run in ordered(models))


def add(run: Run, task: Task = "train") -> None:
    """Adds a run to the end of the queue, to be started, resumed or exported. A queued run keeps its place and its task.

    Raises:
        BadInput: it is running or finished, or its spec cannot be read.
    """
    if run.queue_entry.exists():
        return
    read_spec(run)
    with held(run, MOMENT):
        status = read_state(run).status
        if status in _REFUSED:
            said, remedy = _REFUSED[status]
            raise BadInput.of("run", f"{run.id} {said}", remedy)
        if not run.queue_entry.exists():
            _put_last(run, task)


def task_of(run: Run) -> Task:
    """What a queued run waits for; "train" for one that is not queued."""
    try:
        return "export" if read_json(run.queue_entry).get("task") == "export" else "train"
    except (OSError, BadInput, AttributeError):  # Removed just now, or damaged.
        return "train"


def move(run: Run, places: int) -> None:
    """Moves a queued run by a number of places; -1: one earlier. Does nothing at the ends, or if it is no longer queued."""
    with suppress(BadInput), held(run):
        _move(run, places)


def postpone(run: Run) -> None:
    """Moves a queued run that cannot be started to the end, so that it does not block others."""
    if run.queue_entry.exists():
        _put_last(run, task_of(run))


def cancel(run: Run) -> None:
    """Removes a run from the queue; one to be resumed keeps its former status. Does nothing if it has started meanwhile."""
    with suppress(BadInput), held(run):
        # Also a run without an entry, which could not be queued.
        if stored_status(run) == QUEUED:
            write_state(run, status=STOPPED, message=CANCELLED, on_request=True)
        remove(run)


def remove(run: Run) -> None:
    """Removes the entry of a run, if it has one."""
    run.queue_entry.unlink(missing_ok=True)


def ordered(models: Path) -> list[tuple[float, Run]]:
    """(place, run) of every entry whose run exists, in order."""
    folder = models / "queue"
    found = [Run(models / "runs" / file.stem) for file in folder.glob("[!.]*.json")] if folder.is_dir() else []
    placed = [(_place(run), run) for run in found if (run.folder / "spec.json").exists()]
    known = [(place, run) for place, run in placed if place is not None]
    return sorted(known, key=lambda entry: (entry[0], entry[1].id))


def _put_last(run: Run, task: Task) -> None:
    places = [place for place, _ in ordered(run.models) if place != float("inf")]
    _put(run, max(places, default=0.0) + 1, task)


def _move(run: Run, places: int) -> None:
    order = ordered(run.models)
    runs = [other for _, other in order]
    if run not in runs:
        return
    others = [place for place, other in order if other != run]
    there = min(max(runs.index(run) + places, 0), len(others))
    if there == runs.index(run):
        return
    before = others[there - 1] if there else others[0] - 2
    after = others[there] if there < len(others) else before + 2
    _put(run, (before + after) / 2, task_of(run))


def _put(run: Run, place: float, task: Task) -> None:
    """Makes the entry of a run, or moves it."""
    write_json(run.queue_entry, {"place": place, "since": time.time(), "task": task})


def _place(run: Run) -> float | None:
    """The place of a run; None if its entry was just removed."""
    try:
        return read_json(run.queue_entry, lambda values: typed(float, values["place"]))
    except FileNotFoundError:
        return None
    except Damaged:  # The run stays queued, at the end.
        return float("inf")
