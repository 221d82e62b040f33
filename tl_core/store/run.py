"""A run on disk: its folder and files; creating, finding and locking runs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tl_core.errors import BadInput, nearest
from tl_core.experiment.naming import Origin, automatic_title
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import TEMPORARY, read_json, unsealed, write_bytes, write_json
from tl_core.records import RunState, Status, typed
from tl_core.store.kept import SECOND_LENGTH, Kept, creating, is_id
from tl_core.store.processes import this_process

RESERVED = 32_768
"""Bytes kept for the last state of a run and the end of its log."""

QUEUED, RUNNING, FINISHED, STOPPED, INTERRUPTED, FAILED = STATUSES = tuple(Status)


class Run(Kept):
    """One run, by its folder."""

    @property
    def queue_entry(self) -> Path:
        """The file that exists while the run is queued."""
        return self.models / "queue" / f"{self.id}.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def export(self) -> Path:
        return self.folder / "export"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def reserve(self) -> Path:
        """A file that takes room until the run has ended; see `reserve`."""
        return self.folder / "reserve"

    @property
    def lock(self) -> FileLock:
        """A new lock object of the run lock, which is held by the process that trains it."""
        return FileLock(self.folder / "run.lock", timeout=0)


def models_folder(given: str | Path | None = None) -> Path:
    """The folder of runs and caches: the given one, otherwise TL_MODELS, otherwise `models` in the current folder."""
    return Path(given or os.environ.get("TL_MODELS") or "models")


def cache_folder(models: Path) -> Path:
    return models / "cache"


@contextmanager
def writable_cache(models: Path) -> Iterator[Path]:
    """The cache folder; if it cannot be written to (a read-only disk, another user's folder), a temporary one that is then removed."""
    cache = cache_folder(models)
    if _is_writable(cache):
        yield cache
    else:
        with tempfile.TemporaryDirectory(prefix="tl-lab-cache-") as temporary:
            yield Path(temporary)


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def create(
    models: Path,
    spec: ExperimentSpec,
    title: str = "",
    fill: Callable[[Run], object] | None = None,
    origin: Origin | None = None,
) -> Run:
    """Creates the folder of a new run with status queued; raises BadInput if `models` is not writable.

    Args:
        title: Given by hand; empty for an automatic one.
        fill: Adds files to the folder before the run becomes visible.
        origin: What a fork continues; its automatic title says so.
    """
    by_hand = bool(title.strip())
    title = title.strip() or automatic_title(spec, origin)
    state = RunState(QUEUED, title=title, title_by_hand=by_hand, created=time.time(), **this_process())
    with creating(Run, models / "runs", title) as run:
        # The spec last: a folder without one is not a run, so no run is visible without a state.
        write_json(run.folder / "state.json", state.to_json())
        reserve(run)
        if fill is not None:
            fill(run)
        write_json(run.folder / "spec.json", spec.to_json())
    return run


def reserve(run: Run) -> None:
    """Keeps room for the last state of a run: on a full disk the reason why it ended is written there; see `write_last_state`."""
    if not run.reserve.exists():
        write_bytes(run.reserve, os.urandom(RESERVED))  # Random, so that no file system saves the space.


@contextmanager
def held(run: Run, wait: float = 0.0) -> Iterator[None]:
    """Holds the run lock: meanwhile no other process starts or deletes the run or writes a checkpoint.

    Args:
        wait: Seconds to wait for a process that holds it briefly.

    Raises:
        BadInput: a process trains the run, or it was deleted.
    """
    if not run.folder.is_dir():  # Locking would recreate the folder.
        raise BadInput.of("run", f"{run.id} was deleted")
    try:
        with run.lock.acquire(timeout=wait):
            yield
    except Timeout:
        raise BadInput.of("run", f"{run.id} is training right now", "Stop it first.") from None


def runs(models: Path) -> list[Run]:
    """All runs, newest first."""
    folder = models / "runs"
    ages = {Run(entry): _age(entry) for entry in folder.iterdir()} if folder.is_dir() else {}
    return sorted((run for run in ages if ages[run]), key=lambda run: ages[run], reverse=True)


def _age(folder: Path) -> tuple[str | int, ...]:
    """A sort key by creation: the second in the id, then (of runs of one second) the time of the spec; empty for no run."""
    if folder.name.startswith(TEMPORARY):
        return ()
    try:
        written = (folder / "spec.json").stat().st_mtime_ns
    except OSError:  # Also a run that is being deleted.
        return ()
    return folder.name[:SECOND_LENGTH], written, folder.name


def find_run(models: Path, text: str) -> Run:
    """The run with an id, or "last", or a unique part of an id.

    Raises:
        BadInput: none or several match; lists the nearest.
    """
    known = runs(models)
    if text == "last" and known:
        return known[0]
    exact = [run for run in known if run.id == text]
    matching = exact or [run for run in known if text and text in run.id]
    if len(matching) == 1:
        return matching[0]
    raise _not_found(models, text, known, matching)


def get_run(models: Path, run_id: str) -> Run:
    """The run with exactly this id, which may come from a browser's address: it becomes a path only if it is the name of a run.

    Raises:
        BadInput: there is none; lists the nearest.
    """
    run = known(models, run_id)
    if run is None:
        raise _not_found(models, run_id, runs(models), [])
    return run


def known(models: Path, run_id: str) -> Run | None:
    """Like `get_run`, but None if there is no such run, without a search for similar ids."""
    run = Run(models / "runs" / run_id)
    return run if is_id(run_id) and _age(run.folder) else None


def _not_found(models: Path, text: str, known: list[Run], matching: list[Run]) -> BadInput:
    if not known:
        return BadInput.of("run", f"there is no run {text!r}; {models} has no runs yet", "Start one with train.")
    names = [run.id for run in matching] or nearest(text, [run.id for run in known]) or [known[0].id]
    said = "several runs match" if matching else "there is no run"
    return BadInput.of("run", f"{said} {text!r}", f"Did you mean {' or '.join(names[:3])}?")


def read_spec(run: Run) -> ExperimentSpec:
    """The spec of a run; raises Damaged if the file cannot be read, BadInput if the run was deleted."""
    try:
        return read_json(run.folder / "spec.json", ExperimentSpec.from_json)
    except FileNotFoundError:
        raise BadInput.of("run", f"{run.id} has no spec.json; it was deleted") from None


def classes_of(run: Run, path: str = "run") -> tuple[str, ...]:
    """The classes of a run, in the order of its outputs; raises BadInput at `path` if its data has not been read yet.

    Raises Damaged if the file cannot be read.
    """
    try:
        return read_json(
            run.report / "data.json", lambda values: typed(tuple[str, ...], unsealed(values)[0]["classes"])
        )
    except FileNotFoundError:
        raise BadInput.of(path, f"{run.id} has not read its data yet", "Wait for its first epoch.") from None
