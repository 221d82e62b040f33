"""Settings and their values as text, and as a table of words, which wrap and can be copied.

The full text of a shortened cell shows while the mouse rests on it; Streamlit's own tables show no such text, and cut what is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from tl_core.errors import BadInput
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.wording import PARAMS, augmentations_text, short_value, title_in_sentence, value_text
from tl_core.params import Param
from tl_core.plan import Technique

_OWN_COLUMN = ("data.source", "backbone.name", "backbone.freeze")
"""Settings that the table shows in columns of their own."""

_ELSEWHERE = ("augment", "start.run", "start.epoch", "start.schedule_from")
"""Settings that stand there in other words."""

_SUMMARISED = tuple(param for param in PARAMETERS if param.path not in (*_OWN_COLUMN, *_ELSEWHERE))


def title_with_unit(param: Param) -> str:
    """A setting with its unit, unless its title has it: "Dropout (of the units)", "Stopping patience"."""
    title = title_in_sentence(param)
    unit = param.unit.strip("()")
    return title[0].upper() + title[1:] + (f" ({unit})" if unit and unit not in title else "")


def with_titles(text: str) -> str:
    """A text that calls settings what the form calls them: "Image size" for `data.image_size`."""
    return re.sub(r"\b[a-z]+\.[a-z_0-9]+\b", lambda found: TITLES.get(found[0], found[0]), text)


TITLES = {row.path: title_in_sentence(row)[0].upper() + title_in_sentence(row)[1:] for row in PARAMETERS}


def changes_text(spec: ExperimentSpec, values: Mapping[str, Any]) -> str:
    """Such as "dropout 0.5, augmentations rotation 15"; what is not allowed in a damaged file is shown as it is in the file."""
    try:
        changed = spec.with_values(values)
    except BadInput:
        return ", ".join(f"{path} {value}" for path, value in values.items())
    return ", ".join(
        f"{title_in_sentence(PARAMS[path])} {value_text(PARAMS[path], changed.value(path))}" for path in values
    )


def changed_settings(spec: ExperimentSpec) -> str:
    """Such as "dropout 0.5, L2 1e-4, rotation 15"; empty for the defaults."""
    values = [(param, spec.value(param.path)) for param in _SUMMARISED]
    settings = [f"{title_in_sentence(param)} {short_value(value)}" for param, value in values if value != param.default]
    return ", ".join(filter(None, [*settings, augmentations_text(spec.augment)]))


STYLE = """<style>
.setting-table {overflow: auto; max-height: 36rem; font-size: .875rem}
.setting-table table {border-collapse: collapse; min-width: 100%}
.setting-table :is(th, td) {padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); overflow-wrap: break-word; min-width: 5rem; max-width: 28rem}
.setting-table .long {min-width: 18rem}
.setting-table thead th {font-weight: 600}
.setting-table [title] {text-decoration: underline dotted; cursor: help}
@media (max-width: 640px) {
  .setting-table.stacked {max-height: none}
  .setting-table.stacked thead {display: none}
  .setting-table.stacked :is(table, tbody, tr, th, td) {display: block; max-width: none}
  .setting-table.stacked tr {border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: .35rem 0}
  .setting-table.stacked :is(th, td) {border: none; padding: .1rem 0}
  .setting-table.stacked tbody th {font-weight: 600}
  .setting-table.stacked td[data-column] {display: flex; gap: 1rem; justify-content: space-between; text-align: right}
  .setting-table.stacked td[data-column]::before {content: attr(data-column); text-align: left; opacity: .75}
  .setting-table.stacked td:empty {display: none}
}
</style>"""


LONG = 60
"""Characters from which a text counts as a sentence."""

TECHNIQUE_HEAD = ("Technique", "Acts on", "What it does")


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        whole: What the mouse brings up; empty if the text says it all.
        code: Whether it is a text to copy.
        columns: How many columns it goes over.
    """

    text: str
    whole: str = ""
    code: bool = False
    columns: int = 1


def valued(param: Param, value: Any) -> Cell:
    """A setting's value; of a folder of images its name, and the whole path behind it."""
    text = value_text(param, value)
    return Cell(text, value if isinstance(value, str) and value != text else "")


def draw_table(head: Sequence[str], rows: Sequence[Sequence[Cell]], label: str, *, stacked: bool = False) -> None:
    """Draws the table; the first cell of each row is its heading.

    Args:
        label: What the table is, for screen readers.
        stacked: In a narrow window each row is a block with a line for each cell, instead of a table that scrolls sideways.
    """
    st.html(STYLE + html(head, rows, label, stacked=stacked))


def html(head: Sequence[str], rows: Sequence[Sequence[Cell]], label: str, *, stacked: bool = False) -> str:
    """The table as HTML, in which no text counts as markup."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    columns = head if stacked else [""] * len(head)
    lines = "".join(f"<tr>{_row(row, columns)}</tr>" for row in rows)
    look = "setting-table stacked" if stacked else "setting-table"
    # With a place in the order of the Tab key, so that the keyboard can scroll it.
    return (
        f'<div class="{look}" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _row(row: Sequence[Cell], columns: Sequence[str]) -> str:
    """columns: What stands before each cell where they stand below each other; empty where they never do."""
    first, *others = row
    # A cell that goes over several columns is the last.
    cells = (_cell(cell, column) for cell, column in zip(others, columns[1:], strict=False))
    return f'<th scope="row">{_inner(first)}</th>' + "".join(cells)


def _cell(cell: Cell, column: str) -> str:
    # In a narrow window a sentence would become a column of single words.
    kind = ' class="long"' if len(cell.text) > LONG else ""
    if cell.columns > 1:
        kind += f' colspan="{cell.columns}"'
    elif column:
        kind += f' data-column="{escape(column)}"'
    return f"<td{kind}>{_inner(cell)}</td>"


def _inner(cell: Cell) -> str:
    text = f"<code>{escape(cell.text)}</code>" if cell.code else escape(cell.text)
    return f'<span title="{escape(cell.whole)}">{text}</span>' if cell.whole else text


def technique_rows(techniques: Iterable[Technique]) -> list[list[Cell]]:
    """A row a technique: what, where, and what it does there."""
    return [[Cell(line.what), Cell(line.where), Cell(line.effect)] for line in techniques]
