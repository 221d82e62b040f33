"""Room for cached entries: those not used for longest go first, never one that somebody reads or makes.

The budget is `TL_CACHE_GB` (decimal gigabytes) for decoded images and features together. Where it is not set, they may take half of
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
"""What is made room for; all of it is made again when needed."""

SETTING = "TL_CACHE_GB"


@dataclass(frozen=True)
class Entry:
    """A cached folder: when it was last opened (seconds since 1970), and its size in bytes."""

    used: float
    bytes: int
    folder: Path


def limit() -> int | None:
    """The bytes that `TL_CACHE_GB` allows; None where it is not set.

    Raises:
        BadInput: where it is no number from 0 on.
    """
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return None
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    if not (math.isfinite(gigabytes) and gigabytes >= 0):
        raise BadInput.of(SETTING, f"received {text!r}; allowed is a number from 0 on", "For example TL_CACHE_GB=20.")
    return int(gigabytes * 1e9)


def budget(cache: Path) -> int:
    """How many bytes the entries of a cache may take together."""
    allowed = limit()
    return (_free(cache) + sum(entry.bytes for entry in entries(cache))) // 2 if allowed is None else allowed


def entries(cache: Path) -> list[Entry]:
    """The entries of all kinds, the one not opened for longest first; what is half made is one too."""
    found = (entry for kind in KINDS for entry in _entries(cache / kind))
    return sorted(found, key=lambda entry: (entry.used, entry.folder))


def make_room(cache: Path, needed: int) -> bool:
    """Removes entries until so many bytes more are within the budget and on the disk; returns whether the budget can be kept.

    For what would not fit even then nothing is removed.
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
    """True while somebody reads or makes an entry."""
    try:
        with _lock_of(folder):
            return in_use(folder)
    except Timeout:
        return True


def hold(folder: Path, array: Any) -> None:
    """Marks an entry as opened now, and as in use as long as the array lives; the system ends that with the process.

    For a caller that holds the entry's lock: so nobody removes it between a look and the mark.
    """
    os.utime(folder)
    in_use(folder)  # Marks of processes that are gone would pile up.
    # A lock of its own for each reader: whether one is held can be seen from any process.
    lock = FileLock(
        folder.with_name(f"{folder.name}.use-{os.getpid()}-{secrets.token_hex(4)}.lock"), thread_local=False
    )
    lock.acquire()
    weakref.finalize(array, _let_go, lock)


def in_use(folder: Path) -> bool:
    """True while an array of an entry lives in some process; marks of processes that were killed are removed.

    For a caller that holds the entry's lock: a mark that is being made would be taken for one that was left.
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
    """Removes an entry under its lock, which whoever makes it holds; renamed first, it is gone at once or not at all.

    Args:
        unused: Only where nobody reads it.

    Raises:
        Timeout: while a process makes the entry.
    """
    with _lock_of(folder):
        if in_use(folder) and unused:
            return 0
        bytes = _bytes(folder)
        doomed = folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{_name(folder)}")
        try:
            folder.rename(doomed)
            shutil.rmtree(doomed)
        except FileNotFoundError:  # Somebody else removed it this moment.
            return 0
        return bytes


def _lock_of(folder: Path) -> FileLock:
    """The lock of an entry, which is not waited for."""
    return FileLock(folder.with_name(f"{_name(folder)}.lock"), timeout=0)


def _name(folder: Path) -> str:
    """The name of an entry; of a half-made one that of what it would have become."""
    if not folder.name.startswith(TEMPORARY):
        return folder.name
    return folder.name.removeprefix(TEMPORARY).partition("-")[2] or folder.name


def _let_go(lock: FileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[Entry]:
    for place in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # It was removed, or became whole, this moment.
            if place.is_dir():
                yield Entry(place.stat().st_mtime, _bytes(place), place)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _free(cache: Path) -> int:
    place = next(folder for folder in (cache.absolute(), *cache.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(place).free
