"""The training worker: loads Keras once, then trains one run of the queue after another."""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from types import FrameType

from filelock import Timeout

from tl_core import store
from tl_core.errors import LabError, RunStopped
from tl_core.supervisor.workers import announce, retire, supervisor_lock, worker_lock

log = logging.getLogger(__name__)

LOOK = 0.1
"""Seconds between two looks at an empty queue."""

RENEW = 20
"""Runs after which a worker ends, and the supervisor starts another: each network built leaves some memory behind."""

ALONE = 60.0
"""Seconds after which a worker with nothing to do ends where no dashboard looks after it."""

CLOSED = "The lab was closed; what was reached is kept."


class Asked:
    """Whether this process was asked to end."""

    def __init__(self) -> None:
        self.now = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.now = True

    def stop(self, *_: object) -> None:
        """A `Progress` that stops the run at the next safe place."""
        if self.now:
            raise RunStopped(CLOSED)


def main(models: Path, device: str) -> None:
    """Works until it is asked to end, has trained `RENEW` runs, or is alone. Ends at once where the device has a worker."""
    asked = Asked()
    try:
        with worker_lock(models, device):
            announce(models, "training", device, "starting")
            try:
                _work(models, device, asked)
            finally:
                retire(models, "training", device)
    except Timeout:
        log.info("%s has a worker already.", device)


def _work(models: Path, device: str, asked: Asked) -> None:
    os.nice(10)  # Pages come first.
    from tl_core.engine.training.running import train

    announce(models, "training", device, "idle")
    trained, busy = 0, time.monotonic()
    while not asked.now and trained < RENEW:
        run = next(iter(store.queue.waiting(models)), None)
        if run is None:
            if time.monotonic() - busy > ALONE and _is_alone(models):
                return
            time.sleep(LOOK)
            continue
        announce(models, "training", device, "training", run.id)
        try:
            train(run, models, asked.stop)
        except LabError as error:  # The run's state and log say it.
            log.info("%s: %s", run.id, error)
        announce(models, "training", device, "idle")
        trained, busy = trained + 1, time.monotonic()


def _is_alone(models: Path) -> bool:
    """True where no dashboard looks after the workers."""
    try:
        with supervisor_lock(models):
            return True
    except Timeout:
        return False
