"""Disk usage and clean-up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import Timeout

from tl_core import store
from tl_core.backbones import weights
from tl_core.cache import eviction
from tl_core.errors import BadInput
from tl_core.store import FINISHED, RUNNING, Run, checkpoints

Kind = Literal["pixels", "features", "exports"]
KINDS: tuple[Kind, ...] = ("pixels", "features", "exports")
"""The caches: decoded images, features, exported checkpoints. All are recomputed when needed."""


@dataclass(frozen=True)
class Usage:
    """Disk usage: bytes of content, and files."""

    bytes: int = 0
    files: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.bytes + other.bytes, self.files + other.files)


@dataclass(frozen=True)
class Spare:
    """What a clean-up would remove: a number of entries and their bytes."""

    count: int = 0
    bytes: int = 0


def used(folder: Path) -> Usage:
    """The disk usage of a folder, if it exists. Links are not followed, and files that vanish meanwhile are not counted."""
    return sum((usage for _, usage in _folders(os.fspath(folder))), Usage())


def parts(models: Path) -> dict[str, Usage]:
    """The disk usage of a models folder by kind, with the weights that Keras downloaded; the rest is "other"."""
    found = dict.fromkeys(("runs", "checkpoints", *KINDS, "other"), Usage())
    for inside, usage in _folders(os.fspath(models)):
        found[_kind(inside)] += usage
    return {**found, "weights": used(weights.cache_folder())}


def _kind(inside: tuple[str, ...]) -> str:
    """The kind of a folder, by its place in the models folder."""
    match inside:
        case ("runs", _, "checkpoints", *_):
            return "checkpoints"
        case ("runs", _, "export", *_):
            return "exports"
        case ("runs", *_):
            return "runs"
        case ("cache", ("pixels" | "features" | "exports") as kind, *_):
            return kind
    return "other"


def free(models: Path) -> int:
    """Free bytes on the disk of a models folder, whether it exists or not."""
    place = next(folder for folder in (models.absolute(), *models.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(place).free


def spare_cache(models: Path, kind: Kind) -> Spare:
    """What `clear_cache` would remove."""
    return Spare(sum(1 for _ in _cached(models, kind)), used(store.cache_folder(models) / kind).bytes)


def clear_cache(models: Path, kind: Kind) -> int:
    """Empties a cache and returns the bytes freed.

    Raises:
        BadInput: a run trains and may read it, or a process is writing an entry.
    """
    _check_idle(models)
    return sum(_remove_entry(folder) for folder in list(_cached(models, kind)))


def spare_checkpoints(models: Path) -> Spare:
    """What `remove_spare_checkpoints` would remove."""
    found = [entry for run in _finished(models) for entry in checkpoints.removable(run)]
    return Spare(len(found), sum(entry.bytes for entry in found))


def remove_spare_checkpoints(models: Path) -> int:
    """Removes all checkpoints of finished runs except the best, and returns the bytes freed."""
    return sum(checkpoints.remove_all_but_needed(run) for run in _finished(models))


def _finished(models: Path) -> Iterator[Run]:
    """Runs that need only their best checkpoint; those with a damaged manifest are skipped."""
    for run in store.runs(models):
        if store.read_state(run).status == FINISHED and _has_spare(run):
            yield run


def _has_spare(run: Run) -> bool:
    try:
        return bool(checkpoints.removable(run))
    except BadInput:
        return False


def _check_idle(models: Path) -> None:
    training = next((run for run in store.runs(models) if store.read_state(run).status == RUNNING), None)
    if training is not None:
        name = store.title_of(training)
        raise BadInput.of("cache", f"{name} is training, and may be reading it", "Wait for it, or stop it.")


def _cached(models: Path, kind: Kind) -> Iterator[Path]:
    folder = store.cache_folder(models) / kind
    return (entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else iter(())


def _remove_entry(folder: Path) -> int:
    try:
        return eviction.remove(folder)
    except Timeout:
        raise BadInput.of("cache", "a process is writing an entry right now", "Try again in a minute.") from None


def _folders(folder: str, inside: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Usage]]:
    """The disk usage of the own files of every folder, by its relative path."""
    bytes = files = 0
    try:
        with os.scandir(folder) as entries:
            found = [(entry, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry, is_folder in found:
        if is_folder:
            yield from _folders(entry.path, (*inside, entry.name))
        else:
            bytes, files = bytes + _size(entry), files + 1
    yield inside, Usage(bytes, files)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
