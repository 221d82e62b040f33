"""Arrays that are computed once and kept: a folder with one flat file, and an index that says what is in it.

A folder is built beside its place and renamed when whole, under a lock: two processes that want the same array make it once,
and a killed one leaves nothing that could be mistaken for whole.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import RunFailed
from tl_core.files import TEMPORARY, locked, read_json, write_json

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how much is done, of how much); may raise RunStopped to cancel."""

INDEX = "index.json"


def unwatched(what: str, done: int, total: int) -> None:
    """A `Progress` that nobody looks at."""


@dataclass(frozen=True)
class Job:
    """What is built: called `what`, `pieces` of it, which take `size` bytes together."""

    what: str
    pieces: int
    size: int


def built_once(
    folder: Path, job: Job, build: Callable[[Path], dict[str, Any]], progress: Progress = unwatched
) -> dict[str, Any]:
    """The index of a cached folder, built first where it is missing.

    Args:
        build: Fills the folder it is given and returns the index. What it raises goes on; nothing half-made stays.
        progress: Told how far another process is that makes the same; may raise RunStopped.
    """
    if not is_built(folder):
        with locked(folder, lambda: progress(job.what, _pieces_there(folder, job), job.pieces)):
            if not is_built(folder):
                _build(folder, build)
    return dict(read_json(folder / INDEX))


def _pieces_there(folder: Path, job: Job) -> int:
    """How much another process has made so far, judged by the bytes of its files."""
    made = 0
    for building in folder.parent.glob(f"{TEMPORARY}*-{folder.name}"):
        with suppress(FileNotFoundError):  # It became whole this moment.
            made += sum(file.stat().st_size for file in building.iterdir())
    return min(job.pieces * made // max(job.size, 1), job.pieces)


def is_built(folder: Path) -> bool:
    """True where the folder is there and whole."""
    return (folder / INDEX).exists()


def mapped(file: Path, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A flat file as a read-only array; the system reads the pages that are touched and no others."""
    return np.memmap(file, dtype, "r", shape=shape) if shape[0] else np.zeros(shape, dtype)


def need_space(folder: Path, needed: int, what: str) -> None:
    """Raises RunFailed where the disk of a folder has no room for so many bytes and a tenth more."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise RunFailed(
            f"The disk of {folder} has {free / 1e9:.1f} GB free; {what} need {needed / 1e9:.1f} GB. "
            "Free some space, choose a smaller image size, or set TL_MODELS to another disk."
        )


def _build(folder: Path, build: Callable[[Path], dict[str, Any]]) -> None:
    for leftover in folder.parent.glob(f"{TEMPORARY}*-{folder.name}"):  # of a process that was killed
        shutil.rmtree(leftover)
    if folder.exists():  # without an index: somebody deleted a part of it
        shutil.rmtree(folder)
    building = folder.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{folder.name}")
    building.mkdir(parents=True)
    try:
        write_json(building / INDEX, build(building))
        building.rename(folder)
    finally:
        if building.exists():
            shutil.rmtree(building)
