"""How much regularisation? Heat maps of validation loss and gap that fill in while the heads train, and the curves of a cell beside them."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts.head_map_text import GAP, LOSS, reading, setting_text, value_of, value_text
from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.head_map_beside import choose_second, names_of
from pages.ui.explore.head_map_cell import chosen_place
from pages.ui.explore.head_map_charts import draw_compared, draw_one, draw_two
from pages.ui.explore.head_map_options import draw_options, problems_of
from pages.ui.explore.head_map_rows import draw_rows
from pages.ui.markdown import plain
from tl_core.explorations import KINDS
from tl_core.results.head_map import HeadMap
from tl_core.text import counted

EXPLAINED = (
    "Each cell is a head in its best epoch, the mean of {seeds}. {marks} with 95 % probability the truly best cell is among them. "
    + (
        "The more alike two heads classify, the smaller a difference tells them apart. The gap is clean training accuracy less validation accuracy. "
        "A click on a cell shows its curves."
    )
)

READING_HELP = "In brackets: 95 % intervals for the validation images. A cell is a combination of two values, or one value of a single setting."

MAP_MARKS = "Stronger colours are worse; ★ is the lowest loss. The outline holds the cells that cannot be told from it:"

LINE_MARKS = "The band goes from the lowest to the highest seed; ★ is the lowest loss. Full circles are cells that cannot be told from it:"


def _draw(shown: Shown) -> None:
    found: HeadMap = shown.result
    said = st.container()
    second = choose_second(shown)
    chosen = chosen_place(shown.exploration.id, found)
    if second is None:
        said.markdown(plain(reading(found)), help=READING_HELP)
        draw_one(shown, chosen)
        named = [(shown, "")]
    else:
        names = names_of(shown, second)
        with said:
            draw_compared((shown, second), names)
        draw_two((shown, second), names, chosen)
        named = [one for one in zip((shown, second), names, strict=True) if one[0].result is not None]
    st.caption(_explained(found))
    draw_rows(named)
    with st.expander("As a table", icon=":material/table:", key="map_table"):
        for one, name in named:
            label = "Validation loss of each cell, with its gap in points" + (f": {name}" if name else "")
            if name:
                st.markdown(f"**{plain(name)}**")
            draw_table(*_table(one.result), label)


def _explained(found: HeadMap) -> str:
    marks = MAP_MARKS if len(found.axes) == 2 else LINE_MARKS
    return EXPLAINED.format(seeds=counted(len(found.seeds), "seed"), marks=marks)


def _table(found: HeadMap) -> tuple[list[str], list[list[Cell]]]:
    """A row for each value of the first axis, a column for each of the second; ★ and ≈ mark the best and those that cannot be told from it."""
    texts = [_cell(found, place) for place in range(len(found.cells))]
    *up, across = found.axes
    if not up:
        rows = [
            [Cell(setting_text(across, value)), Cell(text)] for value, text in zip(across.values, texts, strict=True)
        ]
        return [across.title, "Loss, gap"], rows
    columns = len(across.values)
    head = [f"{up[0].title} \\ {across.title}", *(setting_text(across, value) for value in across.values)]
    return head, [
        [Cell(setting_text(up[0], value)), *map(Cell, texts[number * columns : (number + 1) * columns])]
        for number, value in enumerate(up[0].values)
    ]


def _cell(found: HeadMap, place: int) -> str:
    cell = found.cells[place]
    mark = "★ " if place == found.best else "≈ " if cell.as_good else ""
    loss, gap = (value_text(value_of(cell, quantity), quantity) for quantity in (LOSS, GAP))
    return f"{mark}{loss}, {gap}" if loss else "–"


VIEW = View(KINDS["head-map"], "Map it", draw_options, problems_of, _draw)
