"""Text inside Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """Text that Markdown shows as it is: messages quote the names of files, which may be anything."""
    return re.sub(r"([\\`*_\[\]<>$~#:|&])", r"\\\1", text)
