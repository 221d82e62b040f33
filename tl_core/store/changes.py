"""Change detection: a short text that changes whenever anything about the runs does.

It is computed twice a second, so it costs one `stat` per run: a worker replaces the files of its run, which changes the modification time
of the folder; appending to the metrics is followed by a new state.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tl_core.files import UNREADABLE
from tl_core.store.processes import is_alive
from tl_core.store.run import QUEUED, RUNNING, Run
from tl_core.store.state import stored_state

TICK = 0.02
"""Seconds after a change in which another may have the same modification time: file system clocks tick every 10 ms or faster."""

SILENT = 60.0
"""Seconds without a report after which a running run counts as silent."""


def stamp(models: Path) -> str:
    """The stamp of all runs, the queue and the workers."""
    alive = cache(is_alive)  # Many queued runs were created by the same process.
    runs = sorted((entry.name, _of_run(entry.path, alive)) for entry in _entries(f"{models}/runs"))
    return _digest(runs, _changed(f"{models}/queue"), _changed(f"{models}/workers"))


def stamp_of(run: Run) -> str:
    """The stamp of one run: its files and its place in the queue."""
    parts = _changed(str(run.checkpoints)), _changed(f"{run.models}/queue")
    return _digest(_of_run(str(run.folder), is_alive), *parts)


def _of_run(folder: str, alive: Callable[..., bool]) -> tuple[object, ...]:
    """When a run changed last, and whether its process is alive and reports: both can end without a change of files."""
    changed = _changed(folder)
    process = _process(folder, changed)
    if process is None:
        return changed, None, None
    reported = _time(f"{folder}/progress.json")
    return changed, alive(*process), reported is not None and time.time() - reported / 1e9 > SILENT


@lru_cache(maxsize=20_000)
def _process(folder: str, _changed: tuple[int | None, bool]) -> tuple[int | None, float | None] | None:
    try:
        state = stored_state(Run(Path(folder)))
    except UNREADABLE:
        return None
    return (state.pid, state.process_started) if state.status in (RUNNING, QUEUED) else None


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _changed(path: str) -> tuple[int | None, bool]:
    """When a folder changed last, and whether a further change would be visible: if not, it is checked again."""
    changed = _time(path)
    return changed, changed is not None and time.time() - changed / 1e9 > TICK


def _time(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (Path would be most of the work)
    except OSError:
        return None


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
