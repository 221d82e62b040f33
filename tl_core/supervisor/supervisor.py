"""The supervisor: a thread that looks, twice a second, whether every device has its worker."""

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
from tl_core.supervisor import settings
from tl_core.supervisor.devices import Device, devices
from tl_core.supervisor.workers import Worker, log_file, supervisor_lock, workers

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks."""

STOP_WITHIN = 15.0
"""Seconds a worker gets to finish its batch and write what it has, once the lab is closed."""

PATIENCE = 60.0
"""Seconds after which a worker that was asked to stop and shows no sign of life is ended."""

BACKOFF = (0.0, 0.0, 5.0, 30.0, 120.0)
"""Seconds to wait before a worker is started that died, or ended at once, so many times in a row without having trained."""

AT_ONCE = 5.0
"""Seconds in which no worker has trained all it may: one that ends by then found the device taken."""


class Supervisor:
    """Looks after the workers of a models folder from `start` to `stop`.

    Where another dashboard does that already, it waits, and takes over when that one ends.
    """

    def __init__(
        self,
        models: Path,
        on: Sequence[Device] | None = None,
        when_ready: Callable[[], object] | None = None,
        after: float = 0.0,
    ) -> None:
        """Args:
        on: The devices; all of this machine where none are named.
        when_ready: Called once, when every training worker has loaded what it needs.
        after: Seconds to wait before the first look.
        """
        self.models = models
        self.devices = devices() if on is None else tuple(on)
        self._when_ready = when_ready
        self._after = after
        self._lock = supervisor_lock(models)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go, name="supervisor", daemon=True)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, int] = {}
        self._started: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, and the workers too unless the settings let them go on. Returns within 20 seconds."""
        self._ended.set()
        self._thread.join()
        if self._lock.is_locked:
            if settings.read(self.models).when_closed == "stop":
                _end(
                    [worker for worker in workers(self.models) if worker.kind == "training"],
                    list(self._children.values()),
                )
            self._lock.release()

    def _go(self) -> None:
        self._ended.wait(self._after)
        while not self._ended.is_set():
            try:
                self._look()
            except Exception:  # A disk that is full or gone for a while, say: whatever it is must not end the thread.
                log.exception("The supervisor could not look after its workers; it tries again.")
            self._ended.wait(LOOK)

    def _look(self) -> None:
        if not self._lock.is_locked:
            with suppress(Timeout):
                self._lock.acquire()
                log.info("This dashboard looks after the workers of %s.", self.models)
        if not self._lock.is_locked:
            return
        self._bury()
        alive = {worker.device: worker for worker in workers(self.models) if worker.kind == "training"}
        for device in self.devices:
            if device.name in alive:
                _end_if_deaf(self.models, alive[device.name])
            elif device.name not in self._children and self._may_start(device.name):
                self._start(device)
        if self._when_ready and len(alive) == len(self.devices) and all(w.state != "starting" for w in alive.values()):
            self._when_ready()
            self._when_ready = None

    def _start(self, device: Device) -> None:
        command = [sys.executable, "-m", "tl_core.worker", "training", "--models", str(self.models.resolve())]
        with log_file(self.models, "training", device.name).open("ab") as out:
            self._children[device.name] = subprocess.Popen(
                [*command, "--device", device.name],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **device.environment},
                # A session of its own: Ctrl-C in the dashboard's terminal is for the dashboard, which then tells its workers.
                start_new_session=True,
            )
        self._started[device.name] = time.monotonic()

    def _may_start(self, device: str) -> bool:
        wait = BACKOFF[min(self._deaths.get(device, 0), len(BACKOFF) - 1)]
        return time.monotonic() - self._started.get(device, float("-inf")) >= wait

    def _bury(self) -> None:
        """Notices children that ended, and says in the run one of them held why it was broken off."""
        for device, child in list(self._children.items()):
            if (status := child.poll()) is None:
                continue
            del self._children[device]
            held = _say_why(self.models, child.pid, status)
            lived = time.monotonic() - self._started[device]
            well = held or (status == 0 and lived > AT_ONCE)
            self._deaths[device] = 0 if well else self._deaths.get(device, 0) + 1
            if status:
                log.warning("The training worker of %s ended: %s.", device, _reason(status))


def _say_why(models: Path, pid: int, status: int) -> bool:
    """Marks the run that a dead process held as interrupted; returns whether there was one."""
    held = [run for run in store.runs(models) if _was_trained_by(run, pid)]
    for run in held:
        with suppress(Timeout), run.lock:  # Somebody may have taken it up already.
            if _was_trained_by(run, pid):
                store.write_state(
                    run, status=store.INTERRUPTED, message=f"{_reason(status)} Resume goes on from the last epoch."
                )
                store.clear_progress(run)
    return bool(held)


def _was_trained_by(run: store.Run, pid: int) -> bool:
    state = store.read_state(run)
    return store.stored_status(run) == store.RUNNING and state["status"] != store.RUNNING and state.get("pid") == pid


def _reason(status: int) -> str:
    if status >= 0:
        return f"The process that trained it ended by itself (exit status {status})."
    # Most signals of real time have no name.
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    perhaps = "; perhaps the machine ran out of memory" if name == "SIGKILL" else ""
    return f"The process that trained it was ended from outside ({name}{perhaps})."


def _end_if_deaf(models: Path, worker: Worker) -> None:
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


def _end(alive: Sequence[Worker], children: Sequence[subprocess.Popen[bytes]]) -> None:
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
