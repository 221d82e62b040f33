"""What takes up the disk, and how to get some of it back."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from tl_core import store
from tl_core.backbones import weights
from tl_core.errors import BadInput
from tl_core.files import TEMPORARY
from tl_core.store import FINISHED, RUNNING, Run, checkpoints

Kind = Literal["pixels", "features"]
KINDS: tuple[Kind, ...] = ("pixels", "features")
"""The caches: decoded images, and what frozen layers say of them. Both are made again when a run needs them."""


@dataclass(frozen=True)
class Usage:
    """How much something takes up: bytes of content, and files."""

    bytes: int = 0
    files: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.bytes + other.bytes, self.files + other.files)


@dataclass(frozen=True)
class Spare:
    """What a clean-up would take away: of so many entries, so many bytes."""

    count: int = 0
    bytes: int = 0


def used(folder: Path) -> Usage:
    """What a folder holds; nothing where there is none. Links are not followed, and what vanishes meanwhile is not counted."""
    found = [0, 0]
    _add_up(os.fspath(folder), found)
    return Usage(*found)


def parts(models: Path) -> dict[str, Usage]:
    """What lies in a models folder by its kind, with the weights that Keras downloaded; the rest is "other".

    Takes about 2 µs a file on a warm disk.
    """
    runs = models / "runs"
    kept = {
        "checkpoints": _inside(runs, "checkpoints"),
        "exports": _inside(runs, "export"),
        "pixels": used(store.cache_folder(models) / "pixels"),
        "features": used(store.cache_folder(models) / "features"),
    }
    in_runs = kept["checkpoints"] + kept["exports"]
    all_runs, everything = used(runs), used(models)
    named = all_runs + kept["pixels"] + kept["features"]
    return {
        "runs": Usage(all_runs.bytes - in_runs.bytes, all_runs.files - in_runs.files),
        **kept,
        "weights": used(weights.cache_folder()),
        "other": Usage(everything.bytes - named.bytes, everything.files - named.files),
    }


def free(models: Path) -> int:
    """Bytes free on the disk a models folder is, or would be, on."""
    place = next(folder for folder in (models.absolute(), *models.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(place).free


def spare_cache(models: Path, kind: Kind) -> Spare:
    """What `clear_cache` would take away."""
    return Spare(sum(1 for _ in _cached(models, kind)), used(store.cache_folder(models) / kind).bytes)


def clear_cache(models: Path, kind: Kind) -> int:
    """Empties a cache and returns the bytes that are free now; what a run needs of it is made again.

    Raises:
        BadInput: while a run trains, which may read it, or a process makes an entry.
    """
    _check_idle(models)
    return sum(_remove_entry(folder) for folder in list(_cached(models, kind)))


def spare_checkpoints(models: Path) -> Spare:
    """What `remove_spare_checkpoints` would take away."""
    found = [entry for run in _finished(models) for entry in checkpoints.removable(run)]
    return Spare(len(found), sum(entry.bytes for entry in found))


def remove_spare_checkpoints(models: Path) -> int:
    """Removes all checkpoints of finished runs but the best, and returns the bytes that are free now."""
    return sum(checkpoints.remove_all_but_needed(run) for run in _finished(models))


def _finished(models: Path) -> Iterator[Run]:
    """Runs that need no more than their best checkpoint; those whose manifest is damaged are left alone."""
    for run in store.runs(models):
        try:
            if store.read_state(run)["status"] == FINISHED and checkpoints.kept(run):
                yield run
        except BadInput:
            continue


def _check_idle(models: Path) -> None:
    training = next((run for run in store.runs(models) if store.read_state(run)["status"] == RUNNING), None)
    if training is not None:
        name = store.title_of(training)
        raise BadInput.of("cache", f"{name} is training, and may be reading it", "Wait for it, or stop it.")


def _cached(models: Path, kind: Kind) -> Iterator[Path]:
    folder = store.cache_folder(models) / kind
    return (entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else iter(())


def _remove_entry(folder: Path) -> int:
    """Removes an entry under its lock, which whoever makes it holds; renamed first, it is gone at once or not at all."""
    name = folder.name
    if name.startswith(TEMPORARY):  # Half made; the lock is that of the entry it would have become.
        name = name.removeprefix(TEMPORARY).partition("-")[2] or name
    try:
        with FileLock(folder.with_name(f"{name}.lock"), timeout=0):
            bytes = used(folder).bytes
            doomed = folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{name}")
            folder.rename(doomed)
            shutil.rmtree(doomed)
            return bytes
    except FileNotFoundError:  # Somebody else removed it this moment.
        return 0
    except Timeout:
        raise BadInput.of("cache", "a process is making an entry of it right now", "Try again in a minute.") from None


def _inside(runs: Path, name: str) -> Usage:
    """What the folders of one name hold, over all runs."""
    found = [used(run / name) for run in runs.iterdir()] if runs.is_dir() else []
    return sum(found, Usage())


def _add_up(folder: str, found: list[int]) -> None:
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:
        for entry in entries:
            _add_entry(entry, found)


def _add_entry(entry: os.DirEntry[str], found: list[int]) -> None:
    try:
        if entry.is_dir(follow_symlinks=False):
            _add_up(entry.path, found)
        else:
            found[0] += entry.stat(follow_symlinks=False).st_size
            found[1] += 1
    except OSError:
        return
