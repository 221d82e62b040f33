"""Which process is which, beyond doubt: a number alone is given to others once its process is gone."""

from __future__ import annotations

import os
from typing import Any

import psutil

SAME = 2.5
"""Seconds that a process may seem to have started earlier or later than it did: Linux counts from a start of the machine that it gives
in whole seconds, and that moves when the clock is corrected."""


def this_process() -> dict[str, Any]:
    """What names this process: its number and when it started."""
    return {"pid": os.getpid(), "process_started": psutil.Process().create_time()}


def is_alive(pid: int | None, started: float | None) -> bool:
    """True where a process of that number runs that started at that time (seconds since 1970)."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < SAME and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, TypeError, ValueError):  # Gone, or another user's by now; or no number of a process at all.
        return False
