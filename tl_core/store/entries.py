"""Entries of the queue: models/queue/<run id>.json is one; its `place` orders it.

An entry is added, moved and removed by one atomic operation on one file, so any number of dashboards, workers and command lines
can do it at once, and nothing can be half done.
"""

from __future__ import annotations

import time
from pathlib import Path

from tl_core.errors import BadInput
from tl_core.files import read_json, write_json
from tl_core.store.run import Run


def holds(run: Run) -> bool:
    """True where a run has an entry."""
    return _file(run).exists()


def remove(run: Run) -> None:
    """Removes the entry of a run, if it has one."""
    _file(run).unlink(missing_ok=True)


def put(run: Run, place: float) -> None:
    """Makes the entry of a run, or moves it."""
    write_json(_file(run), {"place": place, "since": time.time()})


def ordered(models: Path) -> list[tuple[float, Run]]:
    """(place, run) of every entry whose run is there, the first first."""
    folder = models / "queue"
    found = [Run(models / "runs" / file.stem) for file in folder.glob("[!.]*.json")] if folder.is_dir() else []
    placed = [(_place(run), run) for run in found if (run.folder / "spec.json").exists()]
    known = [(place, run) for place, run in placed if place is not None]
    return sorted(known, key=lambda entry: (entry[0], entry[1].id))


def _place(run: Run) -> float | None:
    """Where it stands; None where its entry was removed this moment."""
    try:
        return float(read_json(_file(run))["place"])
    except FileNotFoundError:
        return None
    except (BadInput, LookupError, TypeError, ValueError):  # Damaged: it still waits, at the end.
        return float("inf")


def _file(run: Run) -> Path:
    return run.models / "queue" / f"{run.id}.json"
