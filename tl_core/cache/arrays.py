"""Cached arrays: a folder with one flat file, and an index that describes it.

A folder is built under a temporary name and renamed when complete, under a lock: two processes that need the same array compute it
once, and a killed one leaves nothing that looks complete. Data written by `grown` is kept, and the next build continues from it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tl_core.cache.eviction import hold, limit, make_room
from tl_core.errors import BadInput, RunFailed
from tl_core.files import TEMPORARY, UNREADABLE, locked, read_json, reading, write_json
from tl_core.records import Activity, ProgressCallback, unwatched
from tl_core.text import data_size, data_sizes

log = logging.getLogger(__name__)

INDEX = "index.json"

REACHED = "reached.json"
"""The progress of an incomplete file."""

KEEP_EVERY = 1.0
"""Seconds of work that a killed process may lose."""

State = dict[str, Any]
"""Progress, as plain JSON values."""

_Reached = tuple[State, int, int]
"""A state, and the length and checksum (CRC-32) of the file at that state."""


class NoRoom(RunFailed):
    """The disk or the budget has no room for an entry."""


@dataclass(frozen=True)
class Job:
    """What is built: the activity to report, the number of `pieces`, and their total `size` in bytes."""

    activity: Activity
    pieces: int
    size: int


def built_once(
    folder: Path, job: Job, build: Callable[[Path], dict[str, Any]], progress: ProgressCallback = unwatched
) -> dict[str, Any]:
    """The index of a cached folder, built first if it is missing.

    Args:
        build: Fills the given folder and returns the index. If it raises, only data written by `grown` is kept, and the next
            build finds it in its folder.
        progress: Called with the progress of another process that builds the same folder; may raise RunStopped.
    """
    _make_sure(folder, job, build, progress)
    return dict(read_json(folder / INDEX))


def _make_sure(folder: Path, job: Job, build: Callable[[Path], dict[str, Any]], progress: ProgressCallback) -> None:
    if not is_built(folder):
        with locked(folder, _waiting(folder, job, progress)):
            if not is_built(folder):
                _build(folder, build)


def _waiting(folder: Path, job: Job, progress: ProgressCallback) -> Callable[[], None]:
    """Reports the progress of another process that builds an entry."""
    return lambda: progress(job.activity, _pieces_there(folder, job), job.pieces)


def _pieces_there(folder: Path, job: Job) -> int:
    """The progress of another process, from the bytes of its files."""
    made = 0
    for building in folder.parent.glob(f"{TEMPORARY}*-{folder.name}"):
        with suppress(FileNotFoundError):  # It was just completed.
            made += sum(file.stat().st_size for file in building.iterdir())
    return min(job.pieces * made // max(job.size, 1), job.pieces)


def is_built(folder: Path) -> bool:
    """True if the folder exists and is complete."""
    return (folder / INDEX).exists()


def mapped(file: Path, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A flat file as a read-only memory-mapped array."""
    return np.memmap(file, dtype, "r", shape=shape) if shape[0] else np.zeros(shape, dtype)


def opened(
    folder: Path,
    job: Job,
    build: Callable[[Path], dict[str, Any]],
    read: Callable[[dict[str, Any]], np.ndarray],
    progress: ProgressCallback = unwatched,
) -> tuple[np.ndarray, dict[str, Any]]:
    """The array of a cached folder, and its index, built first if it is missing; not evicted as long as the array lives.

    Args:
        build, progress: See `built_once`.
        read: From the index to the array.

    Raises:
        Damaged: what was built just now cannot be read. A damaged entry of before is built again.
    """
    rebuilt = False
    while True:
        _make_sure(folder, job, build, progress)
        with locked(folder, _waiting(folder, job, progress)):  # Eviction holds it too.
            if not is_built(folder):
                continue
            try:
                with reading(folder / INDEX):
                    index = dict(read_json(folder / INDEX))
                    array = read(index)
            except UNREADABLE as error:
                if rebuilt:
                    raise
                log.warning("The cached data in %s cannot be read and are made again: %s", folder, error)
                shutil.rmtree(folder)
                rebuilt = True
                continue
            hold(folder, array)
            return array, index


def grown(file: Path, begin: State, more: Callable[[State], Iterable[tuple[Any, State]]]) -> State:
    """Writes a flat file piece by piece, continuing where an earlier process stopped, and returns the last state.

    The progress is recorded next to the file about once a second, after syncing the content, and on an exception: only content that
    matches a record, by length and checksum, is continued.

    Args:
        begin: The state of an empty file.
        more: From a state to the missing pieces: each a buffer, and the state after it is written.

    Raises:
        OSError: the disk is full or failing; nothing is kept. Exceptions of `more`, including OSError, propagate, and the
            progress is kept.
    """
    record = file.with_name(REACHED)
    reached = _vouched_for(file, record) or (begin, 0, 0)
    with file.open("r+b" if reached[1] else "wb") as out:
        out.truncate(reached[1])
        out.seek(reached[1])
        kept, writing = time.monotonic(), False  # False while `more` works: its OSErrors do not come from this disk.
        try:
            for content, state in more(reached[0]):
                writing = True
                out.write(content)
                reached = state, reached[1] + memoryview(content).nbytes, zlib.crc32(content, reached[2])
                if time.monotonic() - kept >= KEEP_EVERY:
                    _keep(out, record, reached)
                    kept = time.monotonic()
                writing = False
            writing = True
            _sync(out)
        except BaseException as error:
            if writing and isinstance(error, OSError):
                record.unlink(missing_ok=True)
            else:
                _keep(out, record, reached)
            raise
    record.unlink(missing_ok=True)
    return reached[0]


def _keep(out: IO[bytes], record: Path, reached: _Reached) -> None:
    try:
        _sync(out)
        write_json(record, dict(zip(("state", "bytes", "checksum"), reached, strict=True)))
    except OSError:
        record.unlink(missing_ok=True)
        raise


def _sync(out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())


def _vouched_for(file: Path, record: Path) -> _Reached | None:
    """The recorded progress; None if there is no record or the file does not match it."""
    try:
        said = read_json(record)
        state, size, checksum = said["state"], said["bytes"], said["checksum"]
        with file.open("rb") as content:
            left, found = size, 0
            while left > 0 and (piece := content.read(min(left, 1 << 24))):
                left, found = left - len(piece), zlib.crc32(piece, found)
        return (state, size, checksum) if left == 0 and found == checksum else None
    except (FileNotFoundError, BadInput, LookupError, TypeError):
        return None


def need_space(folder: Path, needed: int, what: str, *, optional: bool = False) -> None:
    """Makes room for `needed` bytes in the folder of a kind of entry, evicting other entries if necessary.

    Args:
        optional: The run can do without them, so they must respect the budget if one is set.

    Raises:
        NoRoom: the disk has no room for them plus a tenth, or they would exceed the budget.
    """
    folder.mkdir(parents=True, exist_ok=True)
    within, allowed = make_room(folder.parent, needed), limit()
    if optional and allowed is not None and not within:
        said = f"{what} need {data_size(needed)} besides the entries in use"
        raise NoRoom(f"{said[0].upper()}{said[1:]}; TL_CACHE_GB allows {data_size(allowed)} for all caches.")
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        needs, has, missing = data_sizes(needed, free, needed * 1.1 - free)
        raise NoRoom(
            f"The disk of {folder} has {has} free; {what} need {needs}. Free {missing}, or set TL_MODELS to another disk."
        )


def missing_bytes(building: Path, size: int) -> int:
    """How many of `size` bytes are not written yet."""
    return max(size - sum(file.stat().st_size for file in building.iterdir()), 0)


def _build(folder: Path, build: Callable[[Path], dict[str, Any]]) -> None:
    building = folder.with_name(f"{TEMPORARY}building-{folder.name}")
    for leftover in folder.parent.glob(f"{TEMPORARY}*-{folder.name}"):
        if leftover != building or not (building / REACHED).exists():  # of a killed process
            shutil.rmtree(leftover)
    if folder.exists():  # without an index: partly deleted
        shutil.rmtree(folder)
    building.mkdir(parents=True, exist_ok=True)
    try:
        write_json(building / INDEX, build(building))
        building.rename(folder)
    finally:
        if building.exists() and not (building / REACHED).exists():
            shutil.rmtree(building)
