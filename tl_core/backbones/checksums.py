"""Checksums of weights files: of the kind that is published for each."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from tl_core import files

ALGORITHMS = {32: "MD5", 64: "SHA-256"}
"""By the number of hexadecimal digits. Keras publishes MD5 for most of its files, SHA-256 for some, and nothing for some."""


def algorithm(checksum: str) -> str:
    """What a published checksum is: "MD5" or "SHA-256"; empty if none is published."""
    return ALGORITHMS[len(checksum)] if checksum else ""


def checksum_of(path: Path, like: str) -> str:
    """The checksum of a file by the algorithm of another one, recomputed only if its size or modification time changed."""
    return sha256_of(path) if algorithm(like) == "SHA-256" else md5_of(path)


def matches(path: Path, published: str) -> bool:
    """Whether a file is the published one; true of any file if no checksum is published."""
    return not published or checksum_of(path, published) == published


def md5_of(path: Path) -> str:
    """The MD5 of a file: detects damage, not manipulation."""
    return _md5_of(path, *_version(path))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    return _sha256_of(path, *_version(path))


def _version(path: Path) -> tuple[int, int]:
    now = path.stat()
    return now.st_size, now.st_mtime_ns


@lru_cache(maxsize=64)
def _md5_of(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@lru_cache(maxsize=64)
def _sha256_of(path: Path, _size: int, _changed: int) -> str:
    return files.sha256_of(path)
