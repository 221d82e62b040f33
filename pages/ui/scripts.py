"""Scripts of components: each is one text, so what they share stands before it."""

from __future__ import annotations

from pathlib import Path

_ELEMENTS = Path(__file__).with_name("elements.js").read_text(encoding="utf-8")

_EXPORT = "export default function"


def script(file: Path) -> str:
    """A component's script, with elements.js before it."""
    return f"{_ELEMENTS}\n{file.read_text(encoding='utf-8')}"


def as_function(file: Path, name: str) -> str:
    """A component's script as an expression that defines a function of this name: for a page without modules, after `elements`.

    Raises:
        ValueError: it does not export one function.
    """
    text = file.read_text(encoding="utf-8")
    if text.count(_EXPORT) != 1:
        raise ValueError(f"{file.name} exports no or several functions; write 'export default function (' once")
    return f"const {name} = (() => {{\n{text.replace(_EXPORT, 'return function')}\n}})()"


def elements() -> str:
    """What scripts of components share."""
    return _ELEMENTS
