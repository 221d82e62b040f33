"""Atomic writes, checksums and locks: a file is complete or absent.

The protocol: write to a temporary file in the same folder, flush, fsync, rename, fsync the folder. A temporary file in another
folder may be on another file system, where a rename is a copy and not atomic.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from tl_core.errors import BadInput

TEMPORARY = ".tmp-"


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a temporary path next to `path`, then renames the file to `path`.

    Raises whatever `write` or the disk raises (a full disk: OSError); the existing file is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keeps the suffix, which Keras and NumPy check.
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        write(temporary)
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces the content of a file, atomically."""
    write_with(path, lambda temporary: temporary.write_bytes(content))


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, atomically. NaN and infinity raise ValueError: they are not JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def replace_json(path: Path, value: Any) -> None:
    """Writes a value as JSON without syncing, for values that are useless after a crash. Readers always see a complete file."""
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{path.name}")
    temporary.write_text(json.dumps(value, allow_nan=False), encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """The value in a JSON file; raises OSError if it cannot be read, BadInput if it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput.of(str(path), f"is damaged ({error})", "Restore it, or delete what it belongs to.") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(*parts: Any) -> str:
    """A hash of plain values, 20 hexadecimal digits: equal for equal values, in every process."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None, timeout: float = -1) -> Iterator[None]:
    """Holds an inter-process lock of a file or folder (`path` + ".lock"); the system frees it if the process dies.

    Args:
        waiting: Called twice a second while another process holds it; an exception ends the wait.
        timeout: Seconds to wait without `waiting`; -1: forever.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock")
    _acquire(lock, waiting, timeout)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, waiting: Callable[[], None] | None, timeout: float) -> None:
    if waiting is None:
        lock.acquire(timeout=timeout)
        return
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            waiting()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows cannot sync a folder.
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
