"""Whether anything about the runs changed: a short text that is another one whenever it did.

It is looked at twice a second, so it costs one `stat` a run: every file a run's worker writes is replaced, which changes the time of
its folder; a line added to the metrics is followed by a new state.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tl_core.store.processes import is_alive
from tl_core.store.run import QUEUED, RUNNING, Run
from tl_core.store.state import DAMAGED, stored_state

TICK = 0.02
"""Seconds after a change in which another might leave the same time: clocks of file systems tick every ten milliseconds at worst."""

SILENT = 60.0
"""Seconds after which a run that trains and reports nothing new is called silent."""


def stamp(models: Path) -> str:
    """Of all runs, the queue and the workers."""
    alive = cache(is_alive)  # Many runs that wait were made by the same process.
    runs = sorted((entry.name, _of_run(entry.path, alive)) for entry in _entries(f"{models}/runs"))
    return _digest(runs, _changed(f"{models}/queue"), _changed(f"{models}/workers"))


def stamp_of(run: Run) -> str:
    """Of one run: its files and its place in the queue."""
    parts = _changed(str(run.checkpoints)), _changed(f"{run.models}/queue")
    return _digest(_of_run(str(run.folder), is_alive), *parts)


def _of_run(folder: str, alive: Callable[..., bool]) -> tuple[object, ...]:
    """When a run changed last, and whether the process that trains it lives and reports: both can end without touching a file."""
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
    except DAMAGED:
        return None
    return (state.pid, state.process_started) if state.status in (RUNNING, QUEUED) else None


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _changed(path: str) -> tuple[int | None, bool]:
    """When a folder changed last, and whether a further change is bound to show: looked at too early, it is looked at once more."""
    changed = _time(path)
    return changed, changed is not None and time.time() - changed / 1e9 > TICK


def _time(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (Path would be most of the work)
    except OSError:
        return None


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
