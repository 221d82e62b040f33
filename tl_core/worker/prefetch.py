"""What a training worker does while nothing waits: it gets ready the experiment that somebody is setting up, if that is soon done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tl_core import store
from tl_core.backbones import BACKBONES, weights
from tl_core.cache.arrays import Progress
from tl_core.data.pixels import pixels
from tl_core.data.prepare import listed
from tl_core.errors import LabError, RunStopped
from tl_core.experiment.phases import phases
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import plan

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
        while (spec := store.prefetch.wished(models)) is None:
            if ended.wait(LOOK):
                return
        if not is_soon_done(spec, models) or ended.is_set():
            return
        try:
            pixels(listed(spec.data), spec.image_size, store.cache_folder(models), _until(ended))
        except RunStopped as stopped:
            log.info("%s", stopped)
        except LabError as error:
            log.info("Nothing decoded ahead: %s", error)

    threading.Thread(target=decode, name="decoding ahead", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _until(ended: threading.Event) -> Progress:
    """A `Progress` that stops once something has ended, where much is left at the pace so far."""
    began: tuple[float, int] | None = None

    def progress(_what: str, done: int, total: int) -> None:
        nonlocal began
        now = time.monotonic()
        since, first = began = began or (now, done)
        if ended.is_set() and done > first and (now - since) / (done - first) * (total - done) > MUCH_LEFT:
            raise RunStopped(f"{done} of {total} pictures are decoded ahead.")

    return progress


class Ahead:
    """Gets the wish of a models folder ready, once for each wish and again after its network was used."""

    def __init__(self, models: Path, progress: Progress) -> None:
        """progress: Raises RunStopped where the worker has to end."""
        self.models = models
        self.progress = progress
        self.stamp: object = None
        self.spec: ExperimentSpec | None = None
        self.made = False

    def step(self) -> None:
        """Gets the wish ready where it is not; gives up as soon as something else is wanted."""
        from tl_core.engine.training.prefetch import is_ready

        if (stamp := store.prefetch.stamp(self.models)) != self.stamp:
            self.stamp, self.spec, self.made = stamp, store.prefetch.wished(self.models), False
        if self.spec is None or (self.made and is_ready(self.spec)):
            return
        try:
            self._get_ready(self.spec)
        except RunStopped as error:
            log.info("Not got ready: %s", error)
        except Exception:  # The run will say it to whoever presses Train; nobody asked for anything yet.
            log.exception("Could not be got ready.")
            self.spec = None

    def _get_ready(self, spec: ExperimentSpec) -> None:
        from tl_core.engine.training.prefetch import get_ready

        if not is_soon_done(spec, self.models):
            self.spec = None
            return
        watch = _Watch(self.models, spec, self.progress)
        try:
            get_ready(spec, self.models, watch)
        finally:
            watch.end()
        self.made = True


class _Watch:
    """A `Progress` that is told to the run that waits for what is made, and gives up for one, or a wish, that needs something else."""

    def __init__(self, models: Path, spec: ExperimentSpec, progress: Progress) -> None:
        self.models, self.spec, self.progress = models, spec, progress
        self.what, self.since, self.reported = "", time.time(), 0.0
        self.told: store.Run | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        self.progress(what, done, total)
        now = time.time()
        if what != self.what:
            self.what, self.since = what, now
        if now - self.reported < REPORT:
            return
        self.reported = now
        waiting = store.queue.waiting(self.models)[:1]
        if self.told not in waiting:
            self.end()
        wanted = [*map(store.read_spec, waiting)] or [store.prefetch.wished(self.models) or self.spec]
        if needs(wanted[0]) != needs(self.spec):
            raise RunStopped(OTHER)
        for run in waiting:
            with suppress(FileNotFoundError):  # Deleted this moment.
                store.write_progress(run, store.Progress(what, done, total, self.since, now))
                self.told = run

    def end(self) -> None:
        """Takes back what was told: the run that waits begins, or waits for others."""
        if self.told:
            store.clear_progress(self.told)
        self.told = None


def needs(spec: ExperimentSpec) -> tuple[object, ...]:
    """What is made ahead, by the settings it depends on."""
    network = spec.backbone.name, spec.backbone.weights, spec.backbone.output, spec.backbone.keep, spec.head.pooling
    train = spec.train
    stored = phases(spec)[0].frozen, train.feature_cache, train.feature_storage, train.prefix_precision, spec.start.run
    return spec.data.source, spec.data.group_by, spec.image_size, network, stored


def is_soon_done(spec: ExperimentSpec, models: Path) -> bool:
    """True where a run of it could start, and getting it ready takes neither long nor much of the disk, nor a download."""
    chosen = BACKBONES[spec.backbone.name]
    made = plan(spec, models)
    if made.problems or made.disk_bytes > MOST_BYTES:
        return False
    file = weights.resolve(chosen, spec.backbone.weights).path
    return made.seconds_before < MOST_SECONDS and (file is None or file.is_file())
