"""Text inside Markdown."""

from __future__ import annotations

import re

JOINER = "\N{WORD JOINER}"
"""A character without width, neither space nor punctuation. Streamlit's Markdown (GitHub's) makes links of bare addresses, whatever of them is
escaped; it does not where this stands before one."""

_ADDRESS = re.compile(r"(?=https?://|www\.|@[-\w]+(?:\.[-\w]+)*\.[-\w]*[^\W\d_](?![-\w]))", re.IGNORECASE)
"""Where a joiner has to stand. What is behind an @ must end in a letter: stages of unfreezing (all-but-1:3@0.0001) are copied from here."""


def plain(text: str) -> str:
    """Text that Markdown shows as it is: messages quote the names of files, and titles and notes are typed, so they may be anything."""
    unlinked = _ADDRESS.sub(JOINER, text)
    return re.sub(r"([\\`*_\[\]<>$~#:|&])", r"\\\1", unlinked)
