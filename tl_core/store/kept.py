"""What is kept in a folder of its own within the models folder, `<models>/<what>/<id>`: runs, explorations, sweeps."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tl_core.errors import BadInput
from tl_core.files import TEMPORARY

SECOND, SECOND_LENGTH = "%Y%m%d-%H%M%S", len("20260101-120000")
"""The beginning of an id."""


@dataclass(frozen=True)
class Kept:
    """One of them, by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def models(self) -> Path:
        """The models folder it lies in."""
        return self.folder.parent.parent

    @property
    def when(self) -> str:
        """When it was made, in local time: "30 Nov 2026, 14:05"; "?" if its id does not tell."""
        second = _second(self.id)
        return second.replace(tzinfo=UTC).astimezone().strftime("%d %b %Y, %H:%M") if second else "?"


def _new_id(folder: Path, title: str) -> str:
    """A new id for a folder within this one: the order of ids is that of creation, to the second."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())[:30].strip("-") or "run"
    return f"{_next_second(folder)}-{words}-{secrets.token_hex(2)}"


def _next_second(folder: Path) -> str:
    """The second in a new id, in UTC: never before that of an earlier one.

    The clock may be set back; and ids of earlier versions have local times, which may be ahead of UTC.
    """
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    newest = next(filter(None, map(_second, sorted(_names(folder), reverse=True))), now)
    return f"{now if now >= newest else newest + timedelta(seconds=1):{SECOND}}"


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:  # None yet, or `models` is no folder, which creating says.
        return []


def _second(name: str) -> datetime | None:
    """The second that an id begins with; None for a folder of another name."""
    try:
        return datetime.strptime(name[:SECOND_LENGTH], SECOND)
    except ValueError:
        return None


def is_id(text: str) -> bool:
    """Whether a text, which may come from a browser's address, can be an id: then it is a safe path within a folder."""
    return re.fullmatch(r"[\w-]+", text) is not None


K = TypeVar("K", bound=Kept)


@contextmanager
def creating(kind: type[K], folder: Path, title: str) -> Iterator[K]:
    """Makes a folder with a new id within this one, and takes it away again if what fills it fails: nothing half made remains.

    Raises:
        BadInput: the models folder is not writable.
    """
    try:
        kept = _made(kind, folder, title)
        try:
            yield kept
        except BaseException:
            shutil.rmtree(kept.folder, ignore_errors=True)
            raise
    except OSError as error:
        message = f"{folder.parent} is not writable ({error.strerror})"
        raise BadInput.of("models", message, "Choose another folder.") from None


def _made(kind: type[K], folder: Path, title: str) -> K:
    """What was made within the same second may have the same random digits: then it is left alone, and others are drawn."""
    while True:
        kept = kind(folder / _new_id(folder, title))
        try:
            kept.folder.mkdir(parents=True)
        except FileExistsError:
            if not kept.folder.is_dir():  # A folder above it is a file.
                raise
        else:
            return kept


def put_aside(kept: Kept) -> Path:
    """Renames the folder, so that it is gone at once and completely; returns the new one, which is then to be removed.

    Raises:
        FileNotFoundError: it is gone already.
    """
    doomed = kept.folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{kept.id}")
    kept.folder.rename(doomed)
    return doomed
