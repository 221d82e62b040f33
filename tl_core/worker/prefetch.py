"""Prefetch by an idle training worker: the pixels, network and features of the experiment set up on the Train page, if that is quick."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tl_core import store
from tl_core.data.pixels import pixels
from tl_core.data.prepare import listed
from tl_core.errors import LabError, RunStopped
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.plan import plan
from tl_core.records import Activity, Progress, ProgressCallback

if TYPE_CHECKING:
    from tl_core.engine.networks.network_pool import NetworkPool

log = logging.getLogger(__name__)

MOST_SECONDS = 60.0
"""Longer work waits for Train: it would spend CPU and battery without being asked."""

MOST_BYTES = 1_000_000_000

LOOK = 0.2
"""Seconds between checks for an experiment."""

REPORT = 0.5
"""Seconds between progress reports to a queued run that needs the same features."""

OTHER = "Another experiment is queued or set up."


@contextmanager
def prefetching_pixels(models: Path) -> Iterator[None]:
    """A context in which the images of the experiment are decoded in the background, while TensorFlow loads.

    At its end decoding stops, and the prefetch or a run continues it.
    """
    ended = threading.Event()

    def stop(_activity: Activity, done: int, total: int) -> None:
        if ended.is_set():
            raise RunStopped(f"Decoded {done} of {total} images while TensorFlow loaded.")

    def decode() -> None:
        while (experiment := wished(models)) is None:
            if ended.wait(LOOK):
                return
        if not is_soon_done(experiment, models) or ended.is_set():
            return
        try:
            pixels(listed(experiment.spec.data), experiment.image_size, store.cache_folder(models), stop)
        except RunStopped as stopped:
            log.info("%s", stopped)
        except LabError as error:
            log.info("Images are not prefetched: %s", error)

    threading.Thread(target=decode, name="prefetch of pixels", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


class Prefetcher:
    """Prefetches the experiment of a models folder, once per experiment and again after its network left the pool."""

    def __init__(self, models: Path, progress: ProgressCallback, pool: NetworkPool) -> None:
        """
        Args:
            progress: Raises RunStopped if the worker has to end.
            pool: Receives the network.
        """
        self.models, self.progress, self.pool = models, progress, pool
        self.stamp: object = None
        self.experiment: Experiment | None = None
        self.done = False

    def step(self) -> None:
        """Prefetches the experiment if necessary; stops as soon as another one is needed."""
        if (stamp := store.prefetch.stamp(self.models)) != self.stamp:
            self.stamp, self.experiment, self.done = stamp, wished(self.models), False
        if self.experiment is None:
            return
        try:
            self._prefetch(self.experiment)
        except RunStopped as error:
            log.info("Prefetch stopped: %s", error)
        except Exception:  # The run will report it when Train is pressed.
            log.exception("Prefetch failed.")
            self.experiment = None

    def _prefetch(self, experiment: Experiment) -> None:
        if self.done and self.pool.has(experiment):
            return
        if not is_soon_done(experiment, self.models):
            self.experiment = None
            return
        watch = _Watch(self.models, experiment, self.progress)
        try:
            prefetch(experiment, self.models, watch, self.pool)
        finally:
            watch.end()
        self.done = True


def prefetch(experiment: Experiment, models: Path, progress: ProgressCallback, pool: NetworkPool) -> None:
    """Caches the pixels and features of an experiment and puts its network into the pool.

    Raises:
        BadInput, RunFailed: as a run.
        RunStopped: `progress` raised it.
    """
    from tl_core.engine.backend import set_up
    from tl_core.engine.networks.assembly import assemble, divide
    from tl_core.engine.networks.network_pool import prepare_with_network
    from tl_core.engine.training.phase_data import stored_features

    cache = store.cache_folder(models)
    set_up(experiment.spec.train.seed)
    data, network = prepare_with_network(experiment, cache, progress, pool)
    if _has_features(experiment):
        model = assemble(experiment, len(data.dataset.class_names), progress, network)
        stored_features(experiment, data, divide(model, experiment, experiment.phases[0].frozen), cache, progress)


class _Watch:
    """A `ProgressCallback` that reports to the queued run if it needs the same prefetch, and stops if another experiment is needed."""

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
        queued = next(iter(store.queue.waiting(self.models)), None)
        if self.told != queued:
            self.end()
        needed = resolve(store.read_spec(queued)) if queued else wished(self.models) or self.experiment
        if prefetch_key(needed) != prefetch_key(self.experiment):
            raise RunStopped(OTHER)
        if queued:
            with suppress(FileNotFoundError):  # It was just deleted.
                store.write_progress(queued, Progress(activity, done, total, self.since, now))
                self.told = queued

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
    spec, frozen = experiment.spec, experiment.phases[0].frozen
    pixels = spec.data.source, spec.data.group_by, spec.data.grey_range, experiment.image_size
    if frozen is None or not _has_features(experiment):
        return *pixels, experiment.weights_identity
    identity, train = experiment.feature_identity(frozen, device=""), spec.train  # The device is this worker's.
    # int8: the seed chooses training images that set its ranges.
    ranges = (train.seed, spec.data) if train.prefix_precision == "int8" else ()
    return *pixels, identity, train.feature_storage, train.prefix_precision, *ranges


def _has_features(experiment: Experiment) -> bool:
    """True if features are prefetched: not for a fork, whose frozen layers its parent may have trained."""
    return experiment.phases[0].stores_features and not experiment.spec.start.run


def is_soon_done(experiment: Experiment, models: Path) -> bool:
    """True if a run could start, and the prefetch needs little time and disk and no download."""
    made = plan(experiment, models)
    if made.problems or made.disk_bytes > MOST_BYTES:
        return False
    return made.seconds_before < MOST_SECONDS and experiment.weights.present
