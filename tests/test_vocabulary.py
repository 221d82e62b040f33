"""Retired words of docs/vocabulary.md are in no text, help, docstring or message, and no module, class or function has a retired name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VOCABULARY = ROOT / "docs/vocabulary.md"
PAGES = [
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != VOCABULARY),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "models/README.md",
]
MODULES = sorted(
    path
    for top in ("app.py", "benchmarks", "pages", "tl_core")
    for path in [ROOT / top, *(ROOT / top).rglob("*.py")]
    if path.is_file()
)


def retired_phrases(table: str) -> list[str]:
    """The phrases in double quotes that no text may use: in the last column, or in the first of the table of style."""
    return [phrase for row in _rows(table) for phrase in re.findall(r'"([^"]+)"', row[0] if len(row) == 2 else row[-1])]


def retired_names(table: str) -> list[str]:
    """The names in backticks in the last column of three."""
    return [name for row in _rows(table) if len(row) == 3 for name in re.findall(r"`([^`]+)`", row[-1])]


def _rows(table: str) -> Iterator[list[str]]:
    for line in table.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def found_in(text: str, phrases: list[str]) -> list[str]:
    """The phrases in a text but for its `code`: whole words, in any case, with any space between, with or without a plural's s."""
    text = re.sub(r"`[^`\n]*`", "``", text)
    words = ("\\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return [match[0] for word in words for match in re.finditer(rf"\b{word}s?\b", text, re.IGNORECASE)]


def prose_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring and of each string that reads as prose: more than one word, or a capital first."""
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if " " in text.strip() or text[:1].isupper():
            yield getattr(node, "lineno", 0), text


def names_of(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and name of a module (by its file) and of its classes and functions."""
    yield 1, Path(path).stem
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name


PHRASES = retired_phrases(VOCABULARY.read_text(encoding="utf-8"))
NAMES = retired_names(VOCABULARY.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_no_retired_phrase(page: Path) -> None:
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    assert [(number, found) for number, line in lines if (found := found_in(line, PHRASES))] == []


def test_no_string_or_docstring_uses_a_retired_phrase() -> None:
    wrong = []
    for path in MODULES:
        for line, text in prose_of(path.read_text(encoding="utf-8")):
            wrong += [f"{path.relative_to(ROOT)}:{line}: {phrase}" for phrase in found_in(text, PHRASES)]
    assert wrong == []


def test_no_module_class_or_function_has_a_retired_name() -> None:
    wrong = []
    for path in MODULES:
        for line, name in names_of(path.name, path.read_text(encoding="utf-8")):
            wrong += [f"{path.relative_to(ROOT)}:{line}: {name}"] if name in NAMES else []
    assert wrong == []


def test_the_vocabulary_is_read() -> None:
    table = '| term | meaning | retired |\n| NaN | no number | "no number any more", `nan_like` |\n\n| "whoever" | "you" |\n'
    assert retired_phrases(table) == ["no number any more", "whoever"]
    assert retired_names(table) == ["nan_like"]
    assert {"picture", "layers say", "whoever"} <= set(PHRASES)
    assert {"Line", "holding"} <= set(NAMES)


def test_a_retired_phrase_is_found_in_text_and_code() -> None:
    assert found_in("Two Pictures of what the layers\n   say of them; pictured", ["picture", "layers say"]) == [
        "Pictures",
        "layers\n   say",
    ]
    assert found_in("See `picture.paint` and `holding`.", ["picture", "holding"]) == []
    source = '"""Whoever asks."""\nkey = "picture"\nlabel = "Picture"\nwarning = f"{key} of this moment"\n'
    assert [text for _, text in prose_of(source)] == ["Whoever asks.", "Picture", " of this moment"]
    assert list(names_of("holding.py", "class Line:\n    def draw(self): ...\n")) == [
        (1, "holding"),
        (1, "Line"),
        (2, "draw"),
    ]
