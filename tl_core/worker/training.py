"""The training worker: loads Keras once, then trains the runs of the queue one after another."""

from __future__ import annotations

import logging
import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from filelock import Timeout

from tl_core import store
from tl_core.errors import LabError, RunStopped
from tl_core.records import Activity
from tl_core.supervisor.workers import announce, retire, supervisor_lock, worker_lock
from tl_core.worker.prefetch import Prefetcher, prefetching_pixels

if TYPE_CHECKING:
    from tl_core.engine.networks.network_pool import NetworkPool

log = logging.getLogger(__name__)

LOOK = 0.1
"""Seconds between checks of an empty queue."""

RENEW = 20
"""Number of runs after which a worker is replaced: each network leaks some memory."""

ALONE = 60.0
"""Seconds after which an idle worker ends if no dashboard supervises it."""

CLOSED = "TL Lab was closed; complete epochs are kept."


class Asked:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.now = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.now = True

    def stop(self, _activity: Activity, _done: int, _total: int) -> None:
        """A `ProgressCallback` that stops the run at the next safe point."""
        if self.now:
            raise RunStopped(CLOSED)


def main(models: Path, device: str) -> None:
    """Trains runs until it is asked to stop, has trained `RENEW` runs, or is unsupervised. Ends at once if the device has a worker."""
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
    with prefetching_pixels(models):
        import tl_core.engine.training.lifecycle  # noqa: F401 (while nothing waits)
        from tl_core.engine.networks.network_pool import NetworkPool

    pool = NetworkPool()
    prefetcher, ready = Prefetcher(models, asked.stop, pool), False
    trained, busy = 0, time.monotonic()
    while not asked.now and trained < RENEW:
        if _train_next(models, device, asked, pool):
            trained, busy = trained + 1, time.monotonic()
        elif time.monotonic() - busy > ALONE and _is_alone(models):
            return
        else:
            prefetcher.step()
            if not ready:
                announce(models, "training", device, "idle")
            ready = True
            time.sleep(LOOK)


def _train_next(models: Path, device: str, asked: Asked, pool: NetworkPool) -> bool:
    """Trains the first run of the queue that is not locked; returns whether there was one."""
    from tl_core.engine.training.lifecycle import NotBegun, train

    for run in store.queue.waiting(models):
        announce(models, "training", device, "training", run.id)
        try:
            train(run, models, asked.stop, queued=True, pool=pool)
        except NotBegun as error:
            log.info("%s", error)
            continue
        except LabError as error:  # It is in the run's state and log.
            log.info("%s: %s", run.id, error)
        except BaseException:  # Its folder is not writable.
            # This process ends; the next starts with another run.
            store.queue.postpone(run)
            raise
        finally:
            announce(models, "training", device, "idle")
        return True
    return False


def _is_alone(models: Path) -> bool:
    """True if no dashboard supervises the workers."""
    try:
        with supervisor_lock(models):
            return True
    except Timeout:
        return False
