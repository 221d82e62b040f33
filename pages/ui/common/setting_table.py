"""Settings as a table of words, which wrap and can be copied; the full text of a shortened cell shows while the mouse rests on it.

Streamlit's own tables show no such text, and cut what is long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from pages.ui.common.settings_text import value_text
from tl_core.params import Param
from tl_core.plan import Technique

STYLE = """<style>
.setting-table {overflow: auto; max-height: 36rem; font-size: .875rem}
.setting-table table {border-collapse: collapse; min-width: 100%}
.setting-table :is(th, td) {padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); overflow-wrap: break-word; min-width: 5rem; max-width: 28rem}
.setting-table .long {min-width: 18rem}
.setting-table thead th {font-weight: 600}
.setting-table [title] {text-decoration: underline dotted; cursor: help}
</style>"""


LONG = 60
"""Characters from which a text counts as a sentence."""

TECHNIQUE_HEAD = ("Technique", "Acts on", "What it does")


@dataclass(frozen=True)
class Cell:
    """whole: what the mouse brings up; empty if the text says it all. code: a text to copy."""

    text: str
    whole: str = ""
    code: bool = False


def valued(param: Param, value: Any) -> Cell:
    """A setting's value; of a folder of images its name, and the whole path behind it."""
    text = value_text(param, value)
    return Cell(text, value if isinstance(value, str) and value != text else "")


def draw_table(head: Sequence[str], rows: Sequence[Sequence[Cell]], label: str) -> None:
    """Draws the table; the first cell of each row is its heading.

    Args:
        label: What the table is, for screen readers.
    """
    st.html(STYLE + html(head, rows, label))


def html(head: Sequence[str], rows: Sequence[Sequence[Cell]], label: str) -> str:
    """The table as HTML, in which no text counts as markup."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    # With a place in the order of the Tab key, so that the keyboard can scroll it.
    return (
        f'<div class="setting-table" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _row(row: Sequence[Cell]) -> str:
    first, *others = row
    return f'<th scope="row">{_inner(first)}</th>' + "".join(map(_cell, others))


def _cell(cell: Cell) -> str:
    # In a narrow window a sentence would become a column of single words.
    kind = ' class="long"' if len(cell.text) > LONG else ""
    return f"<td{kind}>{_inner(cell)}</td>"


def _inner(cell: Cell) -> str:
    text = f"<code>{escape(cell.text)}</code>" if cell.code else escape(cell.text)
    return f'<span title="{escape(cell.whole)}">{text}</span>' if cell.whole else text


def technique_rows(techniques: Iterable[Technique]) -> list[list[Cell]]:
    """A row a technique: what, where, and what it does there."""
    return [[Cell(line.what), Cell(line.where), Cell(line.effect)] for line in techniques]
