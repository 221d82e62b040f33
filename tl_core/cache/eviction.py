"""Evicts cache entries, least recently used first, never one that a process reads or writes.

The budget is `TL_CACHE_GB` (decimal gigabytes) for decoded images and features together. By default, half of
what the disk would have free without them.
"""

from __future__ import annotations

import math
import os
import secrets
import shutil
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tl_core.errors import BadInput
from tl_core.files import TEMPORARY

KINDS = ("pixels", "features")
"""The kinds of entries that can be evicted; all are recomputed when needed."""

SETTING = "TL_CACHE_GB"


@dataclass(frozen=True)
class Entry:
    """A cached folder: when it was last opened (seconds since 1970), and its size in bytes."""

    used: float
    bytes: int
    folder: Path


def limit() -> int | None:
    """The limit of `TL_CACHE_GB` in bytes; None if it is not set.

    Raises:
        BadInput: not a number of 0 or more.
    """
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return None
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    if not (math.isfinite(gigabytes) and gigabytes >= 0):
        raise BadInput.of(SETTING, f"received {text!r}; allowed is a number, 0 or more", "For example TL_CACHE_GB=20.")
    return int(gigabytes * 1e9)


def budget(cache: Path) -> int:
    """The maximum total size of all entries, in bytes."""
    allowed = limit()
    return (_free(cache) + sum(entry.bytes for entry in entries(cache))) // 2 if allowed is None else allowed


def entries(cache: Path) -> list[Entry]:
    """The entries of all kinds, least recently opened first, including incomplete ones."""
    found = (entry for kind in KINDS for entry in _entries(cache / kind))
    return sorted(found, key=lambda entry: (entry.used, entry.folder))


def make_room(cache: Path, needed: int) -> bool:
    """Removes entries until `needed` bytes fit into the budget and on the disk; returns whether the budget can be respected.

    Removes nothing if they could not fit anyway.
    """
    excess = sum(entry.bytes for entry in entries(cache)) + needed - budget(cache)
    missing = int(needed * 1.1) - _free(cache)
    unused = [entry for entry in entries(cache) if not _is_needed(entry.folder)]
    removable = sum(entry.bytes for entry in unused)
    within = excess <= removable
    wanted = max(missing, excess if within else 0)
    for entry in unused if missing <= removable else ():
        if wanted <= 0:
            break
        with suppress(Timeout):
            wanted -= remove(entry.folder, unused=True)
    return within


def _is_needed(folder: Path) -> bool:
    """True while a process reads or writes an entry."""
    try:
        with _lock_of(folder):
            return in_use(folder)
    except Timeout:
        return True


def hold(folder: Path, array: Any) -> None:
    """Marks an entry as opened now, and as in use as long as the array and its process live.

    The caller must hold the entry's lock, so that it is not removed before it is marked.
    """
    os.utime(folder)
    in_use(folder)  # Removes marks of dead processes.
    # One lock per reader: any process can check whether it is held.
    lock = FileLock(
        folder.with_name(f"{folder.name}.use-{os.getpid()}-{secrets.token_hex(4)}.lock"), thread_local=False
    )
    lock.acquire()
    weakref.finalize(array, _let_go, lock)


def in_use(folder: Path) -> bool:
    """True while a process holds an array of an entry; removes marks of dead processes.

    The caller must hold the entry's lock, so that a mark being created is not mistaken for a stale one.
    """
    for mark in folder.parent.glob(f"{folder.name}.use-*.lock"):
        try:
            with FileLock(mark, timeout=0):
                pass
        except Timeout:
            return True
        mark.unlink(missing_ok=True)
    return False


def remove(folder: Path, *, unused: bool = False) -> int:
    """Removes an entry under its lock; it is renamed first, so that it is removed completely or not at all.

    Args:
        unused: Only if no process reads it.

    Raises:
        Timeout: a process is writing the entry.
    """
    with _lock_of(folder):
        if in_use(folder) and unused:
            return 0
        bytes = _bytes(folder)
        doomed = folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{_name(folder)}")
        try:
            folder.rename(doomed)
            shutil.rmtree(doomed)
        except FileNotFoundError:  # Another process just removed it.
            return 0
        return bytes


def _lock_of(folder: Path) -> FileLock:
    """The lock of an entry, without waiting."""
    return FileLock(folder.with_name(f"{_name(folder)}.lock"), timeout=0)


def _name(folder: Path) -> str:
    """The name of an entry; of an incomplete one, its final name."""
    if not folder.name.startswith(TEMPORARY):
        return folder.name
    return folder.name.removeprefix(TEMPORARY).partition("-")[2] or folder.name


def _let_go(lock: FileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[Entry]:
    for place in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # It was just removed or completed.
            if place.is_dir():
                yield Entry(place.stat().st_mtime, _bytes(place), place)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _free(cache: Path) -> int:
    place = next(folder for folder in (cache.absolute(), *cache.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(place).free
