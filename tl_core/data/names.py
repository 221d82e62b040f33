"""Names of files and classes as text, the same on every system: UTF-8, accents composed.

Python hands out the name of a file decoded with the encoding of the system. Where that is not UTF-8 (a C locale with UTF-8 mode off), the
bytes of "é" arrive as two surrogates; here they are text again.
"""

from __future__ import annotations

import os
import unicodedata


def text_of(path: str | os.PathLike[str]) -> str:
    """A path, or a part of one, as text; bytes that are not UTF-8 become "�"."""
    return os.fsencode(path).decode("utf-8", "replace")


def is_text(path: str | os.PathLike[str]) -> bool:
    """True if a path is valid UTF-8."""
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def native(text: str) -> str:
    """The path of a text on this system; the inverse of `text_of`."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def class_name(text: str) -> str:
    """The name of a class: composed (NFC), because macOS and some archives write "é" as "e" and an accent."""
    return unicodedata.normalize("NFC", text)
