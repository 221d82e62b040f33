"""A table of runs as a component: Streamlit's own (1.67) neither tells the server how it is sorted nor sorts best first, and opens no row by key.

The server sorts and sends the rows of one page; the browser selects, walks and says which row is pointed at, so that charts can light its
curve (run_table.js). Sort and selection are kept here, and so survive Back: the one in the address, the other in the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import streamlit as st

from pages.ui.charts import colours
from pages.ui.scripts import script
from pages.ui.tables.sparkline import Sparkline

_HERE = Path(__file__).parent
_SCRIPT = script(_HERE / "run_table.js")
_STYLE = (_HERE / "run_table.css").read_text(encoding="utf-8")
_NAME = "tl_run_table"

T = TypeVar("T")

Direction = Literal["ascending", "descending"]
_OTHER: dict[Direction, Direction] = {"ascending": "descending", "descending": "ascending"}


@dataclass(frozen=True)
class Cell:
    """What stands in a cell; none of it counts as markup.

    Attributes:
        small: Behind or, with a mark, below the text.
        hover: What the mouse brings up.
        before: Before the name of a run, such as the lines of a tree.
        mark: The colour of a status: "green", "red" ...
        bar: Of a figure, a share of 0 to 1: the length of the line below it.
        curve: Instead of a text.
    """

    text: str = ""
    small: str = ""
    hover: str = ""
    before: str = ""
    mark: str = ""
    bar: float = 0.0
    curve: Sparkline | None = None

    def to_json(self) -> dict[str, Any]:
        """The text, and what else is not empty."""
        drawn = {"curve": self.curve.to_json()} if self.curve else {}
        return {
            "text": self.text,
            **{name: value for name, value in vars(self).items() if value and name != "curve"},
            **drawn,
        }


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. The first one names the run.

    Attributes:
        key: Names it in the address.
        order: What it is sorted by; rows without a value stand last.
        first: The direction of the first click: the best, the newest or A first.
        kind: A name; a figure, at the right edge; text; or text in one line.
        narrow: False if a narrow window goes without it.
    """

    key: str
    title: str
    help: str
    cell: Callable[[T], Cell]
    order: Callable[[T], Any]
    first: Direction = "ascending"
    kind: Literal["name", "figure", "text", "line"] = "text"
    narrow: bool = False


@dataclass(frozen=True)
class Sort:
    """What a table is sorted by."""

    key: str
    direction: Direction


def sort_of(text: str, columns: Sequence[Column[T]]) -> Sort | None:
    """The sort that an address asks for: "accuracy" for the first direction of that column, "-accuracy" for the other; None for nonsense."""
    column = next((column for column in columns if column.key == text.removeprefix("-")), None)
    if column is None:
        return None
    return Sort(column.key, _OTHER[column.first] if text.startswith("-") else column.first)


def after_click(text: str, key: str) -> str:
    """What the address asks for once a column was clicked: first its own direction, then the other, then none."""
    return {key: f"-{key}", f"-{key}": ""}.get(text, key)


def in_order(rows: Sequence[T], columns: Sequence[Column[T]], sort: Sort | None) -> list[T]:
    """The rows, sorted; equal ones in the order given, those without a value last."""
    column = next((column for column in columns if sort and column.key == sort.key), None)
    if column is None or sort is None:
        return list(rows)
    known = [(_rank(value), row) for row in rows if (value := column.order(row)) is not None]
    others = [row for row in rows if column.order(row) is None]
    known.sort(key=lambda pair: pair[0], reverse=sort.direction == "descending")
    return [*(row for _, row in known), *others]


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers before words, which a column of settings may mix."""
    if isinstance(value, bool | int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value).lower()


@dataclass(frozen=True)
class Selection:
    """The selected runs, and the number of the click that made them so."""

    ids: tuple[str, ...] = ()
    turn: int = 0


def selection(key: str) -> Selection:
    """What is selected in a table of this session."""
    found: Selection = st.session_state.get(f"{key}.selection", Selection())
    return found


def select(key: str, ids: Iterable[str], turn: int | None = None) -> None:
    """Makes these rows the selected ones."""
    st.session_state[f"{key}.selection"] = Selection(tuple(ids), selection(key).turn if turn is None else turn)


def asked_sort(param: str) -> str:
    """The sort in the address."""
    return st.query_params.get(param, "")


def kept_sort(key: str) -> str:
    """The sort of a table whose page needs the address for other things."""
    return str(st.session_state.get(f"{key}.sort", ""))


def draw_run_table(
    key: str,
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    *,
    id_of: Callable[[T], str],
    label: str,
    param: str = "",
    link: Callable[[T], str] | None = None,
    swatch: Callable[[T], str] = lambda _: "",
    selectable: bool = False,
    sortable: bool = True,
    height: int = 0,
    on_open: Callable[[str], None],
) -> None:
    """Draws rows that are sorted already.

    Args:
        label: What the table lists, for screen readers.
        param: Names its sort in the address; without it the sort is kept in the session (`kept_sort`).
        link: The address that a name leads to; by default that of the run.
        sortable: False where the order of the rows says something.
        swatch: The colour of a row's curves, as CSS has it; empty for none.
        height: In CSS pixels, from which on it scrolls; 0 for as high as it is.
        on_open: Goes to the page of a run, or does whatever Enter does to a row.
    """
    asked, chosen = sort_of(asked_sort(param) if param else kept_sort(key), columns), selection(key)
    lines = [
        {
            "id": id_of(row),
            "link": link(row) if link else f"run?run={id_of(row)}",
            "swatch": swatch(row),
            "cells": [_json(c, row) for c in columns],
        }
        for row in rows
    ]
    # Not isolated: its classes begin with tl-, which no other part of the page does.
    mounted = st.components.v2.component(_NAME, js=_SCRIPT, css=_STYLE, isolate_styles=False)
    mounted(
        key=key,
        data={
            "columns": [_head(column, asked) for column in columns],
            "rows": lines,
            "selected": list(chosen.ids),
            "turn": chosen.turn,
            "selectable": selectable,
            "openable": True,
            "sortable": sortable,
            "height": height,
            "label": label,
            "training": colours.css(colours.TRAINING),
            "validation": colours.css(colours.VALIDATION),
        },
        on_sorted_change=lambda: _sort(key, param, st.session_state[key]["sorted"]),
        on_selected_change=lambda: _selected(key, st.session_state[key]["selected"]),
        on_opened_change=lambda: on_open(st.session_state[key]["opened"]),
    )


def _json(column: Column[T], row: T) -> dict[str, Any]:
    return column.cell(row).to_json()


def _head(column: Column[T], asked: Sort | None) -> dict[str, Any]:
    sorted_by = asked.direction if asked and asked.key == column.key else ""
    return {
        "key": column.key,
        "title": column.title,
        "help": column.help,
        "kind": column.kind,
        "narrow": column.narrow,
        "sorted": sorted_by,
    }


def _sort(table: str, param: str, column: str | None) -> None:
    if not column:
        return
    wanted = after_click(asked_sort(param) if param else kept_sort(table), column)
    if not param:
        st.session_state[f"{table}.sort"] = wanted
    elif wanted:
        st.query_params[param] = wanted
    else:
        st.query_params.pop(param, None)


def _selected(key: str, said: Any) -> None:
    if said:
        select(key, map(str, said["ids"]), int(said["turn"]))
