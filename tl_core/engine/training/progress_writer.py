"""Writes the progress of a running run, and checks for requests to stop."""

from __future__ import annotations

import time

import psutil

from tl_core.engine.backend import device_memory
from tl_core.errors import RunStopped
from tl_core.records import Activity, Progress, ProgressCallback, Stage
from tl_core.store import Run, forget_stop, stop_requested, write_progress

LOOK, WRITE = 0.1, 0.5
"""Seconds between checks for a request to stop, and between reports."""

ASKED = "Stopped on request; complete epochs are kept."


class Reporting:
    """A `ProgressCallback` that writes the progress to the run's folder, raises RunStopped on request, and calls another."""

    def __init__(self, run: Run, progress: ProgressCallback, batch_size: int) -> None:
        self.run = run
        self.progress = progress
        self.batch_size = batch_size
        self.process = psutil.Process()
        self.process.cpu_percent()  # Counts from here.
        self.looked = self.written = float("-inf")
        self.activity: Activity | None = None
        self.since = self.seen_at = time.time()
        self.seen_done = 0

    def __call__(self, activity: Activity, done: int, total: int) -> None:
        self.progress(activity, done, total)
        now = time.monotonic()
        if now - self.looked >= LOOK:
            self.looked = now
            if stop_requested(self.run):
                forget_stop(self.run)
                raise RunStopped(ASKED)
        new = activity != self.activity
        if new:
            self.activity, self.since, self.seen_at, self.seen_done = activity, time.time(), time.time(), 0
        if now - self.written >= WRITE or (new and activity.stage != Stage.TRAINING):
            self.written = now
            write_progress(self.run, self._progress(activity, done, total))

    def _progress(self, activity: Activity, done: int, total: int) -> Progress:
        at = time.time()
        passed, self.seen_at = at - self.seen_at, at
        batches, self.seen_done = done - self.seen_done, done
        trained = activity.stage == Stage.TRAINING and passed > LOOK
        return Progress(
            activity=activity,
            done=done,
            total=total,
            since=self.since,
            at=at,
            rate=batches * self.batch_size / passed if trained else None,
            cpu=self.process.cpu_percent(),
            memory=self.process.memory_info().rss,
            gpu_memory=device_memory(),
        )
