"""How workers end: on request, dead, or killed because they do not respond."""

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
"""Seconds for a worker to finish its batch and save, on shutdown."""

PATIENCE = 60.0
"""Seconds without a heartbeat after which a worker that was asked to stop is killed."""


def say_why(models: Path, pid: int, status: int) -> bool:
    """Marks the run of a dead process as interrupted; returns whether there was one."""
    held = [run for run in store.runs(models) if _was_trained_by(run, pid)]
    for run in held:
        with suppress(Timeout), run.lock:  # Another process may have resumed it already.
            if _was_trained_by(run, pid):
                store.write_state(run, status=store.INTERRUPTED, message=reason(status))
                store.clear_progress(run)
    return bool(held)


def _was_trained_by(run: store.Run, pid: int) -> bool:
    state = store.read_state(run)
    return store.stored_status(run) == store.RUNNING and state.status != store.RUNNING and state.pid == pid


def reason(status: int) -> str:
    """How a process ended, from its exit status; negative: a signal."""
    if status >= 0:
        return f"The process that trained it exited (status {status})."
    # Most real-time signals have no name.
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    perhaps = "; perhaps the machine ran out of memory" if name == "SIGKILL" else ""
    return f"The process that trained it was killed ({name}{perhaps})."


def end_if_deaf(models: Path, worker: Worker) -> None:
    """Kills a worker that was asked to stop its run, did not, and has had no heartbeat since."""
    if worker.run is None:
        return
    run = store.Run(models / "runs" / worker.run)
    try:
        asked = (run.folder / "stop").stat().st_mtime
    except FileNotFoundError:
        return
    moment = store.read_progress(run)
    # Request and report may be leftovers of the previous process, not cleared yet.
    if time.time() - max(asked, worker.since, moment.at if moment else 0.0) > PATIENCE:
        log.warning("The worker of %s did not respond for %d seconds; it is killed.", worker.device, PATIENCE)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(worker.pid).kill()


def end(alive: Sequence[Worker], children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks workers to stop, waits, and kills those that did not."""
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
