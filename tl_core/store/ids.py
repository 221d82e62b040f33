"""Ids of what is kept in folders: when it was made, what it is called, and four random digits."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECOND, SECOND_LENGTH = "%Y%m%d-%H%M%S", len("20260101-120000")
"""The beginning of an id."""


def new_id(folder: Path, title: str) -> str:
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
