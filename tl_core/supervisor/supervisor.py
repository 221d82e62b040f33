"""The supervisor: a thread that checks twice a second that every device has a worker.

Workers end on request, dead, or killed because they do not respond.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import Timeout

from tl_core import store
from tl_core.devices import Device, devices
from tl_core.errors import Damaged
from tl_core.supervisor import settings
from tl_core.supervisor.workers import Worker, log_file, opened_log, supervisor_lock, workers

log = logging.getLogger(__name__)

STOP_WITHIN = 15.0
"""Seconds for a worker to finish its batch and save, on shutdown."""

PATIENCE = 60.0
"""Seconds without a heartbeat after which a worker that was asked to stop is killed."""

LOOK = 0.5
"""Seconds between checks."""

BACKOFF = (0.0, 0.0, 5.0, 30.0, 120.0)
"""Seconds to wait before restarting a worker, by the number of times in a row that it ended without training."""

AT_ONCE = 5.0
"""A worker that ends within this many seconds found its device taken: none can finish its work so soon."""


class Supervisor:
    """Supervises the workers of a models folder from `start` to `stop`.

    If another dashboard does so already, it waits, and takes over when that one ends.
    """

    def __init__(
        self,
        models: Path,
        on: Sequence[Device] | None = None,
        when_ready: Callable[[], object] | None = None,
        after: float = 0.0,
        besides: Callable[[int], object] | None = None,
    ) -> None:
        """Args:
        on: The devices; by default all of this machine.
        when_ready: Called once, when every training worker has loaded its libraries and is idle.
        after: Seconds to wait before the first check.
        besides: Called after each check, with the number of devices: what else only one dashboard does. What it raises is logged.
        """
        self.models = models
        self._on = on
        self._when_ready = when_ready
        self._after = after
        self._besides = besides
        self._lock = supervisor_lock(models)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go, name="supervisor", daemon=True)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, int] = {}
        self._started: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, and the workers unless the settings let them continue. Returns within 20 seconds."""
        self._ended.set()
        self._thread.join()
        if self._lock.is_locked:
            if settings.read(self.models).when_closed == "stop":
                end(
                    [worker for worker in workers(self.models) if worker.kind == "training"],
                    list(self._children.values()),
                )
                self._bury()
            self._lock.release()

    def _go(self) -> None:
        self._ended.wait(self._after)
        while not self._ended.is_set():
            try:
                self._look()
            except Exception:  # For example a disk that is temporarily full: no error may end the thread.
                log.exception("The supervisor failed to check its workers; it will try again.")
            self._ended.wait(LOOK)

    def _look(self) -> None:
        if not self._lock.is_locked:
            with suppress(Timeout):
                self._lock.acquire()
                log.info("This dashboard supervises the workers of %s.", self.models)
        if not self._lock.is_locked:
            return
        self._bury()
        alive = {worker.device: worker for worker in workers(self.models) if worker.kind == "training"}
        on = devices() if self._on is None else self._on
        for device in on:
            if device.name in alive:
                end_if_deaf(self.models, alive[device.name])
            elif device.name not in self._children and self._may_start(device.name):
                self._start(device)
        if self._when_ready and len(alive) == len(on) and all(w.state == "idle" for w in alive.values()):
            self._when_ready()
            self._when_ready = None
        if self._besides:
            self._besides(len(on))

    def _start(self, device: Device) -> None:
        command = [sys.executable, "-m", "tl_core.worker", "training", "--models", str(self.models.resolve())]
        with opened_log(log_file(self.models, "training", device.name)) as out:
            self._children[device.name] = subprocess.Popen(
                [*command, "--device", device.name],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **device.environment},
                # A new session: Ctrl-C in the terminal reaches only the dashboard, which then stops its workers.
                start_new_session=True,
            )
        self._started[device.name] = time.monotonic()

    def _may_start(self, device: str) -> bool:
        wait = BACKOFF[min(self._deaths.get(device, 0), len(BACKOFF) - 1)]
        return time.monotonic() - self._started.get(device, float("-inf")) >= wait

    def _bury(self) -> None:
        """Handles child processes that ended, and records the reason in their interrupted runs."""
        for device, child in list(self._children.items()):
            if (status := child.poll()) is None:
                continue
            del self._children[device]
            held = say_why(self.models, child.pid, status)
            lived = time.monotonic() - self._started[device]
            well = held or (status == 0 and lived > AT_ONCE)
            self._deaths[device] = 0 if well else self._deaths.get(device, 0) + 1
            if status:
                log.warning("The training worker of %s ended. %s", device, reason(status))


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
    # Request and report may be leftovers of the previous process, not cleared yet.
    if time.time() - max(asked, worker.since, _reported(run)) > PATIENCE:
        log.warning("The worker of %s did not respond for %d seconds; it is killed.", worker.device, PATIENCE)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(worker.pid).kill()


def _reported(run: store.Run) -> float:
    """When the process that trains a run last reported, in seconds since 1970; 0 if it has not, or its report cannot be read."""
    try:
        progress = store.read_progress(run)
    except Damaged:
        return 0.0
    return progress.at if progress else 0.0


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
