"""What takes up the disk, and how to get some of it back."""

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
"""The caches: decoded images, what frozen layers say of them, networks made of single checkpoints. All are made again when needed."""


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
    return sum((usage for _, usage in _folders(os.fspath(folder))), Usage())


def parts(models: Path) -> dict[str, Usage]:
    """What lies in a models folder by its kind, with the weights that Keras downloaded; what is of no other kind is "other"."""
    found = dict.fromkeys(("runs", "checkpoints", *KINDS, "other"), Usage())
    for inside, usage in _folders(os.fspath(models)):
        found[_kind(inside)] += usage
    return {**found, "weights": used(weights.cache_folder())}


def _kind(inside: tuple[str, ...]) -> str:
    """What lies in a folder, by its place in the models folder."""
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
        raise BadInput.of("cache", "a process is making an entry of it right now", "Try again in a minute.") from None


def _folders(folder: str, inside: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Usage]]:
    """Every folder, by its place in the first: what its own files take up."""
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
