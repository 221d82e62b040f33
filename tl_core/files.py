"""Atomic writes, checksums and locks: a file is complete or absent.

The protocol: write to a temporary file in the same folder, flush, fsync, rename, fsync the folder. A temporary file in another
folder may be on another file system, where a rename is a copy and not atomic.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, overload

from filelock import BaseFileLock, FileLock, Timeout

from tl_core.errors import BadInput, Damaged

TEMPORARY = ".tmp-"

LARGEST = 256_000_000
"""Bytes of the largest file that is read as JSON: a confusion matrix of 4,000 classes has about as many."""

SEAL = "sha256_of_all"
"""The name of the digest in a sealed object."""

RESTORE = "Restore it, or delete what it belongs to."

UNREADABLE = (FileNotFoundError, Damaged)
"""What `read_json` raises."""

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError)
"""What making something of a content raises that is not what was written."""

_SAID = 200
"""Characters of a reason: it may quote the content."""

Made = TypeVar("Made")


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


@overload
def read_json(path: Path, *, remedy: str = ...) -> Any: ...
@overload
def read_json(path: Path, make: Callable[[Any], Made], *, remedy: str = ...) -> Made: ...
def read_json(path: Path, make: Callable[[Any], Any] = lambda value: value, *, remedy: str = RESTORE) -> Any:
    """What `make` makes of the value in a JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        Damaged: anything else is wrong, whatever it is: the file cannot be read, is no JSON, or `make` cannot use its value.
    """
    with reading(path, remedy):
        return make(parse_json(content_of(path)))


@contextmanager
def reading(path: Path, remedy: str = RESTORE) -> Iterator[None]:
    """Within it, whatever an unreadable file leads to becomes `Damaged`, which names it; only a missing one stays FileNotFoundError."""
    try:
        yield
    except UNREADABLE:
        raise
    except (BadInput, OSError) as error:
        raise Damaged.of(str(path), f"cannot be read ({getattr(error, 'strerror', None) or error})", remedy) from None
    except DAMAGE as error:
        raise Damaged.of(str(path), f"is damaged ({_reason(error)})", remedy) from None


def content_of(path: Path) -> bytes:
    """The content of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no file (opening a pipe would wait forever), or has more than `LARGEST` bytes.
    """
    check_readable(path)
    return path.read_bytes()


def check_readable(path: Path) -> None:
    """Raises what `content_of` does, without reading."""
    try:
        found = path.stat()
    except NotADirectoryError as error:  # A file stands where its folder would be: it does not exist either.
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from None
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("a folder is in its place" if stat.S_ISDIR(found.st_mode) else "it is not a file")
    if found.st_size > LARGEST:
        raise ValueError(f"it has {found.st_size:,} bytes; such files have at most {LARGEST:,}")


def parse_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: it is no JSON; NaN and infinity, which Python alone reads, and numbers too large for a float are not either.
        RecursionError: it is nested too deeply.
    """
    return json.loads(content.decode(), parse_constant=_refuse, parse_float=_finite)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    said = str(error)[:_SAID]
    return said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"


def is_full(error: OSError) -> bool:
    """True if a file could not be written because the disk, or its owner's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """An object of plain values with a digest of them, for a file that decides an answer; see `unsealed`."""
    return {**values, SEAL: _digest(values)}


def unsealed(values: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The values of a `sealed` object, and whether a digest vouches for them: files of earlier versions have none.

    Raises:
        ValueError: a value is not what was sealed.
    """
    content = {name: value for name, value in values.items() if name != SEAL}
    if values.get(SEAL, _digest(content)) != _digest(content):
        raise ValueError("a value was changed: its checksum does not match")
    return content, SEAL in values


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
