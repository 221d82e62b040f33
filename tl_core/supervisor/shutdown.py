"""How workers end: asked to, or found dead, or ended because they no longer answer."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import Timeout

from tl_core import store
from tl_core.supervisor.workers import Worker

log = logging.getLogger(__name__)

STOP_WITHIN = 15.0
"""Seconds a worker gets to finish its batch and write what it has, once the lab is closed."""

PATIENCE = 60.0
"""Seconds after which a worker that was asked to stop and shows no sign of life is ended."""


def say_why(models: Path, pid: int, status: int) -> bool:
    """Marks the run that a dead process held as interrupted; returns whether there was one."""
    held = [run for run in store.runs(models) if _was_trained_by(run, pid)]
    for run in held:
        with suppress(Timeout), run.lock:  # Somebody may have taken it up already.
            if _was_trained_by(run, pid):
                store.write_state(run, status=store.INTERRUPTED, message=reason(status))
                store.clear_progress(run)
    return bool(held)


def _was_trained_by(run: store.Run, pid: int) -> bool:
    state = store.read_state(run)
    return store.stored_status(run) == store.RUNNING and state.status != store.RUNNING and state.pid == pid


def reason(status: int) -> str:
    """How a process ended, from its exit status; negative: the signal that ended it."""
    if status >= 0:
        return f"The process that trained it ended by itself (exit status {status})."
    # Most signals of real time have no name.
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    perhaps = "; perhaps the machine ran out of memory" if name == "SIGKILL" else ""
    return f"The process that trained it was ended from outside ({name}{perhaps})."


def end_if_deaf(models: Path, worker: Worker) -> None:
    """Ends a worker that was asked to stop its run, and neither did nor showed any sign of life since."""
    if worker.run is None:
        return
    run = store.Run(models / "runs" / worker.run)
    try:
        asked = (run.folder / "stop").stat().st_mtime
    except FileNotFoundError:
        return
    moment = store.read_progress(run)
    # Request and report may be leftovers of the process before, which this one has just not cleared yet.
    if time.time() - max(asked, worker.since, moment.at if moment else 0.0) > PATIENCE:
        log.warning("The worker of %s did not answer for %d seconds; it is ended.", worker.device, PATIENCE)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(worker.pid).kill()


def end(alive: Sequence[Worker], children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks workers to end, waits, and ends those that did not."""
    pids = {worker.pid for worker in alive} | {child.pid for child in children if child.poll() is None}
    processes = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
            processes[-1].terminate()
    _, late = psutil.wait_procs(processes, timeout=STOP_WITHIN)
    for process in late:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(late, timeout=1)
