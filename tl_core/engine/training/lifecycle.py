"""The lifecycle of a run: locked by one process, logged, stopped on request, and always left in a final state."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import Timeout

from tl_core.engine.backend import device_memory, tf
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.engine.training.epochs import Diverged
from tl_core.engine.training.phase_data import OnEpoch, ignore
from tl_core.engine.training.pipeline import carry_out, discard_export, export_so_far
from tl_core.errors import LabError, RunFailed, RunStopped
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.files import TEMPORARY, is_full
from tl_core.plan.resources import full_disk, less_memory
from tl_core.records import Activity, Progress, ProgressCallback, RunState, Stage
from tl_core.store import (
    FAILED,
    FINISHED,
    RUNNING,
    STOPPED,
    Run,
    clear_progress,
    ended_state,
    forget_stop,
    queue,
    read_spec,
    read_state,
    reserve,
    stop_reason,
    stop_requested,
    this_process,
    write_last_state,
    write_progress,
    write_state,
)
from tl_core.store.checkpoints import check_exportable

log = logging.getLogger(__name__)

LOOK, WRITE = 0.1, 0.5
"""Seconds between checks for a request to stop, and between reports."""

ASKED = "Stopped on request; complete epochs are kept."
EXPORT_STOPPED = "The export was stopped; nothing else changed."


class StopAsked(RunStopped):
    """The run itself was asked to stop, by a page or a sweep; not its process."""


class NotBegun(RunFailed):
    """The run was not started: another process trains it, or it was just deleted or removed from the queue."""


def train(
    run: Run,
    models: Path,
    progress: ProgressCallback,
    on_epoch: OnEpoch = ignore,
    *,
    queued: bool = False,
    pool: NetworkPool | None = None,
) -> RunState:
    """Trains a run from its current state to its end, and returns its final state.

    Args:
        progress: Called many times per epoch; if it raises RunStopped, the run is marked stopped, and can be resumed.
        on_epoch: Called with the record of each epoch.
        queued: Only if it is queued; it is then exported instead, if that is what it is queued for.
        pool: Hands a pretrained network from run to run.

    Raises:
        NotBegun: the run is not available to this process.
        RunFailed: with the reason; the run is marked failed and the traceback is in its log.
        RunStopped: the run was marked stopped.
    """
    with _held(run, queued), _logged(run):
        started = time.monotonic()
        before = read_state(run).seconds or 0.0

        def passed() -> float:
            return round(before + time.monotonic() - started, 3)

        if queued and queue.task_of(run) == "export":
            return _export(run, models, progress, pool or NetworkPool())
        try:
            experiment, reporting = _begun(run, progress)
            carry_out(run, experiment, models, reporting, on_epoch, passed, pool or NetworkPool())
            return write_last_state(run, status=FINISHED, seconds=passed())
        except (RunStopped, KeyboardInterrupt) as error:
            sentence = str(error) or "Stopped at once; the epoch in flight is lost."
            asked = isinstance(error, StopAsked)
            write_last_state(run, status=STOPPED, message=sentence, seconds=passed(), on_request=asked)
            log.info(sentence)
            raise RunStopped(sentence) from None
        except BaseException as error:
            sentence = _sentence(error, run)
            # The state first: on a full disk there may be no room for the log.
            write_last_state(
                run, status=FAILED, message=sentence, seconds=passed(), diverged=isinstance(error, Diverged)
            )
            log.exception("The run failed.")
            raise RunFailed(sentence) from error
        finally:
            clear_progress(run)
            forget_stop(run)


def export_ended(run: Run, models: Path, progress: ProgressCallback) -> RunState:
    """Exports and evaluates the best epoch of a run that ended before its last, as the end of training would; returns its state.

    Its status stays what it was, and it can still be resumed.

    Raises:
        BadInput: it is no such run, or has no checkpoint.
        NotBegun: another process trains it.
        RunFailed, RunStopped: see `train`; the message of the run has the reason.
    """
    with _held(run, queued=False), _logged(run):
        return _export(run, models, progress, NetworkPool())


def _export(run: Run, models: Path, progress: ProgressCallback, pool: NetworkPool) -> RunState:
    """Exports a run whose lock is held. It is running meanwhile, so that pages show its progress and can stop it."""
    queue.remove(run)  # First: one that cannot be exported would be taken again and again.
    before = ended_state(run)
    check_exportable(run, before.status)
    message, failure = before.message, ""
    try:
        experiment, reporting = _begun(run, progress)
        export_so_far(run, experiment, models, reporting, pool)
        if (said := read_state(run).message) not in message:  # That another epoch is exported, as the best was damaged.
            message = f"{message} {said}".strip()
        log.info("Exported on request.")
    except (RunStopped, KeyboardInterrupt):
        _undo_export(run, before)
        raise RunStopped(EXPORT_STOPPED) from None
    except BaseException as error:
        failure = _sentence(error, run)
        _undo_export(run, before)
        log.exception("The export failed.")
        raise RunFailed(failure) from error
    finally:
        kept = {"diverged": before.diverged, "on_request": before.on_request}
        write_last_state(run, status=before.status, message=message, export_failure=failure, **kept)
        clear_progress(run)
        forget_stop(run)
    return read_state(run)


def _undo_export(run: Run, before: RunState) -> None:
    """Removes half of an export. One that was whole before stays: it is of the same epoch."""
    if before.exported_epoch is None:
        discard_export(run)


def _begun(run: Run, progress: ProgressCallback) -> tuple[Experiment, Reporting]:
    """Marks a run as running, and takes it out of the queue."""
    _clean_up(run)
    reserve(run)
    write_state(
        run,
        status=RUNNING,
        message="",
        export_failure="",
        diverged=False,
        on_request=False,
        **this_process(),
        started=time.time(),
    )
    queue.remove(run)
    experiment = resolve(read_spec(run))
    return experiment, Reporting(run, progress)


def _clean_up(run: Run) -> None:
    """Removes leftovers of a killed process: incomplete files, its progress, an unmet request."""
    for leftover in run.folder.rglob(f"{TEMPORARY}*"):
        leftover.unlink(missing_ok=True)  # Or a note is being written.
    clear_progress(run)
    forget_stop(run)


@contextmanager
def _held(run: Run, queued: bool) -> Iterator[None]:
    """Holds the run lock, so that no two processes train the run."""
    if not run.folder.is_dir():  # Locking would recreate the folder.
        raise NotBegun(f"{run.id} was deleted.")
    try:
        with run.lock:
            if queued and not run.queue_entry.exists():
                raise NotBegun(f"{run.id} is no longer queued.")
            yield
    except Timeout:
        raise NotBegun(f"Another process is training {run.id}.") from None


@contextmanager
def _logged(run: Run) -> Iterator[None]:
    """Writes the log to the run's own file."""
    handler = logging.FileHandler(run.log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("tl_core")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _sentence(error: BaseException, run: Run) -> str:
    if isinstance(error, LabError):
        return str(error)
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return f"Out of memory: {less_memory(run)}."
    if isinstance(error, OSError) and is_full(error):
        return full_disk(run)
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}."
    return f"Unexpected error ({type(error).__name__}: {error}); the traceback is in log.txt."


class Reporting:
    """A `ProgressCallback` that writes the progress to the run's folder, raises RunStopped on request, and calls another."""

    def __init__(self, run: Run, progress: ProgressCallback) -> None:
        self.run = run
        self.progress = progress
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
                reason = stop_reason(self.run) or ASKED
                forget_stop(self.run)
                raise StopAsked(reason)
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
            rate=batches * self._images_per_step(total) / passed if trained else None,
            cpu=self.process.cpu_percent(),
            memory=self.process.memory_info().rss,
            gpu_memory=device_memory(),
        )

    def _images_per_step(self, steps: int) -> float:
        return read_state(self.run).images.get("train", 0) / steps
