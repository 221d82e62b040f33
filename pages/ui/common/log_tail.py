"""The end of a log: a log may be long, and a page must not wait for it."""

from __future__ import annotations

import os
from pathlib import Path

from tl_core.files import reading

LINES = 200
BYTES = 100_000
"""What is read of a file at most, from its end."""


def last_lines(file: Path) -> list[str]:
    """The last lines of a file, at most `LINES`, out of its last `BYTES`; none if it does not exist. Raises Damaged."""
    try:
        with reading(file), file.open("rb") as opened:
            end = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, end - BYTES))
            lines = opened.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return lines[1 if end > BYTES else 0 :][-LINES:]  # The first of a part starts in its middle.
