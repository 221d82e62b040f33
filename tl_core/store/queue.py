"""The queue: runs that wait for a training worker, in order, kept on the disk.

Whoever trains a run removes its entry, after its state says "running": killed in between, the run is taken again.
"""

from __future__ import annotations

from pathlib import Path

from filelock import Timeout

from tl_core.errors import BadInput
from tl_core.store import entries
from tl_core.store.run import FINISHED, QUEUED, RUNNING, STOPPED, Run, read_spec
from tl_core.store.state import read_state, stored_status, write_state

CANCELLED = "Taken out of the queue before it began; resume starts it."

_REFUSED = {
    RUNNING: ("is training right now", "Wait for it, or stop it."),
    FINISHED: ("is finished", "Start a new run to train longer."),
}


def waiting(models: Path) -> tuple[Run, ...]:
    """The runs that wait, the next one first."""
    return tuple(run for _, run in entries.ordered(models))


def add(run: Run) -> None:
    """Puts a run at the end: a new one to be started, any other to be resumed. One that waits already stays where it is.

    Raises:
        BadInput: where it trains, is finished, or its spec cannot be read.
    """
    if entries.holds(run):
        return
    read_spec(run)
    status = read_state(run)["status"]
    if status in _REFUSED:
        said, remedy = _REFUSED[status]
        raise BadInput.of("run", f"{run.id} {said}", remedy)
    places = [place for place, _ in entries.ordered(run.models) if place != float("inf")]
    entries.put(run, max(places, default=0.0) + 1)


def move(run: Run, places: int) -> None:
    """Moves a run by so many places: -1 is one earlier. At the ends, and where it does not wait any more, nothing happens."""
    order = entries.ordered(run.models)
    runs = [other for _, other in order]
    if run not in runs:
        return
    others = [place for place, other in order if other != run]
    there = min(max(runs.index(run) + places, 0), len(others))
    if there == runs.index(run):
        return
    before = others[there - 1] if there else others[0] - 2
    after = others[there] if there < len(others) else before + 2
    entries.put(run, (before + after) / 2)


def cancel(run: Run) -> None:
    """Takes a run out of the queue; one that had begun before is again what it was. Where it began meanwhile, nothing happens."""
    try:
        with run.lock:  # Nobody starts it while this looks.
            if not entries.holds(run):
                return
            if stored_status(run) == QUEUED:
                write_state(run, status=STOPPED, message=CANCELLED)
            entries.remove(run)
    except Timeout:
        return
