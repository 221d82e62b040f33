"""What a training worker does while nothing waits: it gets ready the experiment that somebody is setting up, if that is soon done."""

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
"""What takes longer waits until somebody presses Train: it is another's processor and battery."""

MOST_BYTES = 1_000_000_000

LOOK = 0.2
"""Seconds between two looks for a wish."""

REPORT = 0.5
"""Seconds between two reports to a run that waits for what is made."""

MUCH_LEFT = 3.0
"""Seconds of decoding that are worth taking up anew: processes that draw start again for it, which takes a part of a second."""

OTHER = "Another experiment waits, or is set up by now."


@contextmanager
def decoding_meanwhile(models: Path) -> Iterator[None]:
    """Within it the pictures of the wish, also of one that is said only then, begin to be decoded: loading TensorFlow takes seconds.

    Where much is left at its end, decoding stops with what it has: whoever goes on computes features at the same time.
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
            log.info("Nothing decoded ahead: %s", error)

    threading.Thread(target=decode, name="decoding ahead", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _until(ended: threading.Event) -> ProgressCallback:
    """A `ProgressCallback` that stops once something has ended, where much is left at the pace so far."""
    began: tuple[float, int] | None = None

    def progress(_activity: Activity, done: int, total: int) -> None:
        nonlocal began
        now = time.monotonic()
        since, first = began = began or (now, done)
        if ended.is_set() and done > first and (now - since) / (done - first) * (total - done) > MUCH_LEFT:
            raise RunStopped(f"{done} of {total} pictures are decoded ahead.")

    return progress


class Ahead:
    """Gets the wish of a models folder ready, once for each wish and again after its network was used."""

    def __init__(self, models: Path, progress: ProgressCallback) -> None:
        """progress: Raises RunStopped where the worker has to end."""
        self.models = models
        self.progress = progress
        self.stamp: object = None
        self.experiment: Experiment | None = None
        self.made = False

    def step(self) -> None:
        """Gets the wish ready where it is not; gives up as soon as something else is wanted."""
        from tl_core.engine.training.prefetch import is_ready

        if (stamp := store.prefetch.stamp(self.models)) != self.stamp:
            self.stamp, self.experiment, self.made = stamp, wished(self.models), False
        if self.experiment is None or (self.made and is_ready(self.experiment)):
            return
        try:
            self._get_ready(self.experiment)
        except RunStopped as error:
            log.info("Not got ready: %s", error)
        except Exception:  # The run will say it to whoever presses Train; nobody asked for anything yet.
            log.exception("Could not be got ready.")
            self.experiment = None

    def _get_ready(self, experiment: Experiment) -> None:
        from tl_core.engine.training.prefetch import get_ready

        if not is_soon_done(experiment, self.models):
            self.experiment = None
            return
        watch = _Watch(self.models, experiment, self.progress)
        try:
            get_ready(experiment, self.models, watch)
        finally:
            watch.end()
        self.made = True


class _Watch:
    """A `ProgressCallback` that is told to the run that waits for what is made, and gives up for one, or a wish, that needs something else."""

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
        if needs(wanted[0]) != needs(self.experiment):
            raise RunStopped(OTHER)
        for run in waiting:
            with suppress(FileNotFoundError):  # Deleted this moment.
                store.write_progress(run, Progress(activity, done, total, self.since, now))
                self.told = run

    def end(self) -> None:
        """Takes back what was told: the run that waits begins, or waits for others."""
        if self.told:
            store.clear_progress(self.told)
        self.told = None


def wished(models: Path) -> Experiment | None:
    """The experiment that may be trained next; None where there is none, or it cannot be read."""
    spec = store.prefetch.wished(models)
    return resolve(spec) if spec else None


def needs(experiment: Experiment) -> tuple[object, ...]:
    """What is made ahead: pixels, network and features, by all that they depend on."""
    spec, phase = experiment.spec, experiment.phases[0]
    pixels = spec.data.source, spec.data.group_by, experiment.image_size
    if phase.frozen is None or not phase.stores_features or spec.start.run:  # No features are made ahead of a fork.
        return *pixels, experiment.weights_identity
    identity, train = experiment.feature_identity(phase.frozen, device=""), spec.train  # The device is this worker's.
    # int8: the seed chooses training images that set its ranges.
    ranges = (train.seed, spec.data) if train.prefix_precision == "int8" else ()
    return *pixels, identity, train.feature_storage, train.prefix_precision, *ranges


def is_soon_done(experiment: Experiment, models: Path) -> bool:
    """True where a run of it could start, and getting it ready takes neither long nor much of the disk, nor a download."""
    made = plan(experiment, models)
    if made.problems or made.disk_bytes > MOST_BYTES:
        return False
    file = experiment.weights.path
    return made.seconds_before < MOST_SECONDS and (file is None or file.is_file())
