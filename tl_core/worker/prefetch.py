"""Prefetch by an idle training worker: the pixels, network and features of the experiment set up on the Train page, if that is quick."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tl_core import store
from tl_core.data.pixels import pixels
from tl_core.data.prepare import listed
from tl_core.errors import LabError, RunStopped
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.plan import plan
from tl_core.records import Activity, Progress, ProgressCallback

log = logging.getLogger(__name__)

MOST_SECONDS = 60.0
"""Longer work waits for Train: it would spend CPU and battery without being asked."""

MOST_BYTES = 1_000_000_000

LOOK = 0.2
"""Seconds between checks for an experiment."""

REPORT = 0.5
"""Seconds between progress reports to a queued run that needs the same features."""

MUCH_LEFT = 3.0
"""Seconds of remaining decoding above which it stops, to be continued later: restarting its processes takes a fraction of a second."""

OTHER = "Another experiment is queued or set up."


@contextmanager
def prefetching_pixels(models: Path) -> Iterator[None]:
    """A context in which the images of the experiment are decoded in the background, while TensorFlow loads.

    If much is left at its end, decoding stops: the prefetch continues it and computes features at the same time.
    """
    ended = threading.Event()

    def decode() -> None:
        while (experiment := wished(models)) is None:
            if ended.wait(LOOK):
                return
        if not is_soon_done(experiment, models) or ended.is_set():
            return
        try:
            pixels(listed(experiment.spec.data), experiment.image_size, store.cache_folder(models), _until(ended))
        except RunStopped as stopped:
            log.info("%s", stopped)
        except LabError as error:
            log.info("Images are not prefetched: %s", error)

    threading.Thread(target=decode, name="prefetch of pixels", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _until(ended: threading.Event) -> ProgressCallback:
    """A `ProgressCallback` that stops after the event if much is left at the speed so far."""
    began: tuple[float, int] | None = None

    def progress(_activity: Activity, done: int, total: int) -> None:
        nonlocal began
        now = time.monotonic()
        since, first = began = began or (now, done)
        if ended.is_set() and done > first and (now - since) / (done - first) * (total - done) > MUCH_LEFT:
            raise RunStopped(f"Prefetched {done} of {total} images.")

    return progress


class Prefetcher:
    """Prefetches the experiment of a models folder, once per experiment and again after its network was used."""

    def __init__(self, models: Path, progress: ProgressCallback) -> None:
        """progress: Raises RunStopped if the worker has to end."""
        self.models = models
        self.progress = progress
        self.stamp: object = None
        self.experiment: Experiment | None = None
        self.made = False

    def step(self) -> None:
        """Prefetches the experiment if necessary; stops as soon as another one is needed."""
        from tl_core.engine.training.prefetch import is_prefetched

        if (stamp := store.prefetch.stamp(self.models)) != self.stamp:
            self.stamp, self.experiment, self.made = stamp, wished(self.models), False
        if self.experiment is None or (self.made and is_prefetched(self.experiment)):
            return
        try:
            self._prefetch(self.experiment)
        except RunStopped as error:
            log.info("Prefetch stopped: %s", error)
        except Exception:  # The run will report it when Train is pressed.
            log.exception("Prefetch failed.")
            self.experiment = None

    def _prefetch(self, experiment: Experiment) -> None:
        from tl_core.engine.training.prefetch import prefetch_experiment

        if not is_soon_done(experiment, self.models):
            self.experiment = None
            return
        watch = _Watch(self.models, experiment, self.progress)
        try:
            prefetch_experiment(experiment, self.models, watch)
        finally:
            watch.end()
        self.made = True


class _Watch:
    """A `ProgressCallback` that reports to the queued run if it needs the same features, and stops if another run or experiment is needed."""

    def __init__(self, models: Path, experiment: Experiment, progress: ProgressCallback) -> None:
        self.models, self.experiment, self.progress = models, experiment, progress
        self.since, self.reported = time.time(), 0.0
        self.activity: Activity | None = None
        self.told: store.Run | None = None

    def __call__(self, activity: Activity, done: int, total: int) -> None:
        self.progress(activity, done, total)
        now = time.time()
        if activity != self.activity:
            self.activity, self.since = activity, now
        if now - self.reported < REPORT:
            return
        self.reported = now
        waiting = store.queue.waiting(self.models)[:1]
        if self.told not in waiting:
            self.end()
        wanted = [resolve(store.read_spec(run)) for run in waiting] or [wished(self.models) or self.experiment]
        if prefetch_key(wanted[0]) != prefetch_key(self.experiment):
            raise RunStopped(OTHER)
        for run in waiting:
            with suppress(FileNotFoundError):  # It was just deleted.
                store.write_progress(run, Progress(activity, done, total, self.since, now))
                self.told = run

    def end(self) -> None:
        """Clears the reported progress."""
        if self.told:
            store.clear_progress(self.told)
        self.told = None


def wished(models: Path) -> Experiment | None:
    """The experiment that may be trained next; None if there is none, or it cannot be read."""
    spec = store.prefetch.wished(models)
    return resolve(spec) if spec else None


def prefetch_key(experiment: Experiment) -> tuple[object, ...]:
    """What the prefetch depends on: pixels, network and features."""
    spec, phase = experiment.spec, experiment.phases[0]
    pixels = spec.data.source, spec.data.group_by, experiment.image_size
    if phase.frozen is None or not phase.stores_features or spec.start.run:  # No features are prefetched for a fork.
        return *pixels, experiment.weights_identity
    identity, train = experiment.feature_identity(phase.frozen, device=""), spec.train  # The device is this worker's.
    # int8: the seed chooses training images that set its ranges.
    ranges = (train.seed, spec.data) if train.prefix_precision == "int8" else ()
    return *pixels, identity, train.feature_storage, train.prefix_precision, *ranges


def is_soon_done(experiment: Experiment, models: Path) -> bool:
    """True if a run could start, and the prefetch needs little time and disk and no download."""
    made = plan(experiment, models)
    if made.problems or made.disk_bytes > MOST_BYTES:
        return False
    file = experiment.weights.path
    return made.seconds_before < MOST_SECONDS and (file is None or file.is_file())
