"""Text inside Markdown."""

from __future__ import annotations

import re

JOINER = "\N{WORD JOINER}"
"""A character without width, neither space nor punctuation. Streamlit's Markdown (GitHub's) makes links of bare addresses, whatever of them is
escaped; it does not where this stands before one."""


def plain(text: str) -> str:
    """Text that Markdown shows as it is: messages quote the names of files, and titles and notes are typed, so they may be anything."""
    unlinked = re.sub(r"(?=https?://|www\.|@)", JOINER, text, flags=re.IGNORECASE)
    return re.sub(r"([\\`*_\[\]<>$~#:|&])", r"\\\1", unlinked)
