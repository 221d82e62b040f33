"""Arrays that are computed once and kept: a folder with one flat file, and an index that says what is in it.

A folder is built beside its place and renamed when whole, under a lock: two processes that want the same array make it once,
and a killed one leaves nothing that could be mistaken for whole. What `grown` has written of it is kept, and gone on with.
"""

from __future__ import annotations

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
from tl_core.files import TEMPORARY, locked, read_json, write_json

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how much is done, of how much); may raise RunStopped to cancel."""

INDEX = "index.json"

REACHED = "reached.json"
"""How far a file has grown that is not whole."""

KEEP_EVERY = 1.0
"""Seconds of work that a killed process may lose."""

State = dict[str, Any]
"""How far something is, as plain JSON values."""

_Reached = tuple[State, int, int]
"""A state, and the length and checksum (CRC-32) of the file in it."""


class NoRoom(RunFailed):
    """The disk, or the budget, has no room for what was to be kept."""


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
        build: Fills the folder it is given and returns the index. What it raises goes on; of what is half made only what `grown`
            has written stays, which the next build finds in its folder.
        progress: Told how far another process is that makes the same; may raise RunStopped.
    """
    _make_sure(folder, job, build, progress)
    return dict(read_json(folder / INDEX))


def _make_sure(folder: Path, job: Job, build: Callable[[Path], dict[str, Any]], progress: Progress) -> None:
    if not is_built(folder):
        with locked(folder, _waiting(folder, job, progress)):
            if not is_built(folder):
                _build(folder, build)


def _waiting(folder: Path, job: Job, progress: Progress) -> Callable[[], None]:
    """Tells how far another process is that makes an entry."""
    return lambda: progress(job.what, _pieces_there(folder, job), job.pieces)


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


def opened(
    folder: Path,
    job: Job,
    build: Callable[[Path], dict[str, Any]],
    read: Callable[[dict[str, Any]], np.ndarray],
    progress: Progress = unwatched,
) -> tuple[np.ndarray, dict[str, Any]]:
    """The array of a cached folder, and its index, built first where it is missing; not evicted as long as the array lives.

    Args:
        build, progress: As `built_once` takes them.
        read: From the index to the array.
    """
    while True:
        _make_sure(folder, job, build, progress)
        with locked(folder, _waiting(folder, job, progress)):  # Whoever evicts has it meanwhile.
            if is_built(folder):
                index = dict(read_json(folder / INDEX))
                array = read(index)
                hold(folder, array)
                return array, index


def grown(file: Path, begin: State, more: Callable[[State], Iterable[tuple[Any, State]]]) -> State:
    """Writes a flat file piece by piece, going on where an earlier process got to, and returns the last state.

    What was reached is recorded beside the file about every second, after the content is safe, and when something is raised: only what
    a record vouches for, by length and checksum, is gone on with.

    Args:
        begin: The state where nothing is there yet.
        more: From a state to the pieces that are missing: each a buffer, and the state once it is written.

    Raises:
        OSError: where the disk is full or broken; nothing is then kept. What `more` raises goes on, also an OSError, and what was
            reached is kept.
    """
    record = file.with_name(REACHED)
    reached = _vouched_for(file, record) or (begin, 0, 0)
    with file.open("r+b" if reached[1] else "wb") as out:
        out.truncate(reached[1])
        out.seek(reached[1])
        kept, writing = time.monotonic(), False  # False while `more` works: its OSErrors say nothing of this disk.
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
    """What a record says was reached; None where there is none, or the file is not as it says."""
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
    """Makes room for so many bytes in the folder of a kind of entries, evicting others of the cache where it must.

    Args:
        optional: They can be done without, and so have to keep to the budget where one is set.

    Raises:
        NoRoom: where its disk has no room for them and a tenth more all the same, or they would not keep to the budget.
    """
    folder.mkdir(parents=True, exist_ok=True)
    within, allowed = make_room(folder.parent, needed), limit()
    if optional and allowed is not None and not within:
        said = f"{what} need {needed / 1e9:.1f} GB more than is there and in use"
        raise NoRoom(f"{said[0].upper()}{said[1:]}; TL_CACHE_GB allows {allowed / 1e9:.1f} GB for all caches.")
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise NoRoom(
            f"The disk of {folder} has {free / 1e9:.1f} GB free; {what} need {needed / 1e9:.1f} GB. "
            "Free some space, choose a smaller image size, or set TL_MODELS to another disk."
        )


def missing_bytes(building: Path, size: int) -> int:
    """What is still to be written of so many bytes."""
    return max(size - sum(file.stat().st_size for file in building.iterdir()), 0)


def _build(folder: Path, build: Callable[[Path], dict[str, Any]]) -> None:
    building = folder.with_name(f"{TEMPORARY}building-{folder.name}")
    for leftover in folder.parent.glob(f"{TEMPORARY}*-{folder.name}"):
        if leftover != building or not (building / REACHED).exists():  # of a process that was killed
            shutil.rmtree(leftover)
    if folder.exists():  # without an index: somebody deleted a part of it
        shutil.rmtree(folder)
    building.mkdir(parents=True, exist_ok=True)
    try:
        write_json(building / INDEX, build(building))
        building.rename(folder)
    finally:
        if building.exists() and not (building / REACHED).exists():
            shutil.rmtree(building)
