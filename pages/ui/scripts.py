"""Scripts of components: each is one text, so what they share stands before it."""

from __future__ import annotations

from pathlib import Path

_ELEMENTS = Path(__file__).with_name("elements.js").read_text(encoding="utf-8")

_EXPORT = "export default function"


def script(*files: Path) -> str:
    """The script of a component: its files, the last of which exports it, with elements.js before them."""
    return "\n".join([_ELEMENTS, *(file.read_text(encoding="utf-8") for file in files)])


def as_function(name: str, *files: Path) -> str:
    """The same as the definition of a function of this name, to stand behind `elements`: for a page without modules.

    Raises:
        ValueError: the files do not export one function.
    """
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    if text.count(_EXPORT) != 1:
        raise ValueError(f"{files[-1].name} exports no or several functions; write 'export default function (' once")
    return f"const {name} = (() => {{\n{text.replace(_EXPORT, 'return function')}\n}})()"


def elements() -> str:
    """What scripts of components share."""
    return _ELEMENTS
