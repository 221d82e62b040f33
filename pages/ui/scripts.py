"""Scripts of components: each is one text, so what they share stands before it."""

from __future__ import annotations

from pathlib import Path

_ELEMENTS = Path(__file__).with_name("elements.js").read_text(encoding="utf-8")


def script(file: Path) -> str:
    """A component's script, with elements.js before it."""
    return f"{_ELEMENTS}\n{file.read_text(encoding='utf-8')}"
