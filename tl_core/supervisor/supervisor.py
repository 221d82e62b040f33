"""The supervisor: a thread that looks, twice a second, whether every device has its worker."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from tl_core.devices import Device, devices
from tl_core.supervisor import settings
from tl_core.supervisor.shutdown import end, end_if_deaf, reason, say_why
from tl_core.supervisor.workers import log_file, opened_log, supervisor_lock, workers

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks."""

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
        when_ready: Called once, when every training worker has loaded what it needs and has nothing to do.
        after: Seconds to wait before the first look.
        """
        self.models = models
        self._on = on
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
        on = devices() if self._on is None else self._on
        for device in on:
            if device.name in alive:
                end_if_deaf(self.models, alive[device.name])
            elif device.name not in self._children and self._may_start(device.name):
                self._start(device)
        if self._when_ready and len(alive) == len(on) and all(w.state == "idle" for w in alive.values()):
            self._when_ready()
            self._when_ready = None

    def _start(self, device: Device) -> None:
        command = [sys.executable, "-m", "tl_core.worker", "training", "--models", str(self.models.resolve())]
        with opened_log(log_file(self.models, "training", device.name)) as out:
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
            held = say_why(self.models, child.pid, status)
            lived = time.monotonic() - self._started[device]
            well = held or (status == 0 and lived > AT_ONCE)
            self._deaths[device] = 0 if well else self._deaths.get(device, 0) + 1
            if status:
                log.warning("The training worker of %s ended. %s", device, reason(status))
