"""A run on disk: its folder, what lies where in it, and how it is made, found and removed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tl_core.errors import BadInput, nearest
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import TEMPORARY, write_json
from tl_core.records import RunState, Status
from tl_core.store.processes import this_process

QUEUED, RUNNING, FINISHED, STOPPED, INTERRUPTED, FAILED = STATUSES = tuple(Status)


@dataclass(frozen=True)
class Run:
    """One run, by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def models(self) -> Path:
        """The models folder it lies in."""
        return self.folder.parent.parent

    @property
    def queue_entry(self) -> Path:
        """The file that is there while the run waits in the queue."""
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
    def lock(self) -> FileLock:
        """The lock whoever trains it holds, as long as its process lives. Each call gives one of its own."""
        return FileLock(self.folder / "run.lock", timeout=0)


def models_folder(given: str | Path | None = None) -> Path:
    """Where runs, caches and weights live: what is given, else TL_MODELS, else `models` in the current folder."""
    return Path(given or os.environ.get("TL_MODELS") or "models")


def cache_folder(models: Path) -> Path:
    return models / "cache"


def create(models: Path, spec: ExperimentSpec, title: str = "", fill: Callable[[Run], object] | None = None) -> Run:
    """Makes the folder of a new run, queued; raises BadInput where `models` cannot be written to.

    Args:
        fill: Puts what the run begins with into its folder, before anybody sees the run.
    """
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30] or "run"
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{words}-{secrets.token_hex(2)}"
    run = Run(models / "runs" / name)
    state = RunState(QUEUED, title=title or words, created=time.time(), **this_process())
    try:
        run.folder.mkdir(parents=True)
        # The spec last: a folder without one is no run, so nobody sees a run that has no state yet.
        write_json(run.folder / "state.json", state.to_json())
        if fill is not None:
            fill(run)
        write_json(run.folder / "spec.json", spec.to_json())
    except OSError as error:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise BadInput.of("models", f"no run can be kept in {models} ({error.strerror})", "Name a folder.") from None
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)  # Without a spec nobody would see it, nor what it takes up.
        raise
    return run


@contextmanager
def held(run: Run, wait: float = 0.0) -> Iterator[None]:
    """Holds a run, as the process that trains it does: meanwhile none begins it, deletes it or writes a checkpoint.

    Args:
        wait: Seconds to wait for a process that holds it for a moment only.

    Raises:
        BadInput: where a process trains it, or it was deleted.
    """
    if not run.folder.is_dir():  # Locking would make the folder again.
        raise BadInput.of("run", f"{run.id} was deleted")
    try:
        with run.lock.acquire(timeout=wait):
            yield
    except Timeout:
        raise BadInput.of("run", f"{run.id} is training right now", "Stop it first.") from None


def runs(models: Path) -> list[Run]:
    """All runs, the newest first."""
    folder = models / "runs"
    ages = {Run(entry): _age(entry) for entry in folder.iterdir()} if folder.is_dir() else {}
    return sorted((run for run in ages if ages[run]), key=lambda run: ages[run], reverse=True)


def _age(folder: Path) -> tuple[str | int, ...]:
    """Sorts runs by when they were made: by the second in the id, within it by when the spec was written; empty for what is no run."""
    if folder.name.startswith(TEMPORARY):
        return ()
    try:
        written = (folder / "spec.json").stat().st_mtime_ns
    except OSError:  # Also a run that is deleted at this moment.
        return ()
    return folder.name[: len("20260101-120000")], written, folder.name


def find(models: Path, text: str) -> Run:
    """The run a person means: "last", an id, or the beginning or a part of one that no other has.

    Raises:
        BadInput: where none or several match; it lists the nearest.
    """
    known = runs(models)
    if text == "last" and known:
        return known[0]
    exact = [run for run in known if run.id == text]
    matching = exact or [run for run in known if text and text in run.id]
    if len(matching) == 1:
        return matching[0]
    raise _not_found(models, text, known, matching)


def get(models: Path, run_id: str) -> Run:
    """The run of exactly that id: for text from a browser's address, which never becomes a path unless it is a run's name.

    Raises:
        BadInput: where there is none; it lists the nearest.
    """
    run = known(models, run_id)
    if run is None:
        raise _not_found(models, run_id, runs(models), [])
    return run


def known(models: Path, run_id: str) -> Run | None:
    """What `get` finds; None where there is none, which costs no search for near ones."""
    run = Run(models / "runs" / run_id)
    return run if re.fullmatch(r"[\w-]+", run_id) and _age(run.folder) else None


def _not_found(models: Path, text: str, known: list[Run], matching: list[Run]) -> BadInput:
    if not known:
        return BadInput.of("run", f"there is no run {text!r}; {models} holds no runs yet", "Start one with train.")
    names = [run.id for run in matching] or nearest(text, [run.id for run in known]) or [known[0].id]
    said = "several runs match" if matching else "there is no run"
    return BadInput.of("run", f"{said} {text!r}", f"Did you mean {' or '.join(names[:3])}?")


def read_spec(run: Run) -> ExperimentSpec:
    """What the run was asked to do; raises BadInput where the file is damaged."""
    return ExperimentSpec.from_file(run.folder / "spec.json")
