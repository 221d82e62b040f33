"""Identifies processes by pid and start time, because pids are reused."""

from __future__ import annotations

import os
from typing import Any

import psutil

SAME = 2.5
"""Tolerance of start times in seconds: Linux derives them from the boot time, which has a resolution of one second
and moves when the clock is corrected."""


def this_process() -> dict[str, Any]:
    """The identity of this process: its pid and start time."""
    return {"pid": os.getpid(), "process_started": psutil.Process().create_time()}


def is_alive(pid: int | None, started: float | None) -> bool:
    """True if a process with this pid and start time (seconds since 1970) is alive."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < SAME and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, TypeError, ValueError, OverflowError):  # Ended, or another user's by now; or not a valid pid.
        return False
