"""How much regularisation? Heat maps of validation loss and gap that fill in while the heads train, and the curves of a cell beside them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.charts import head_map as chart
from pages.ui.charts.component import draw_chart
from pages.ui.charts.head_map_text import GAP, LOSS, cell_text, setting_text, value_of, value_text
from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore import head_map_cell
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.head_map_options import draw_options, problems_of
from pages.ui.explore.head_map_other import choose_other
from pages.ui.explore.head_map_rows import draw_rows
from pages.ui.markdown import plain
from tl_core.explorations import KINDS
from tl_core.results.head_map import HeadMap
from tl_core.text import counted

HEIGHT = 400

TITLES = {LOSS: "Validation loss", GAP: "Gap, in points"}

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
    st.markdown(plain(reading(found)), help=READING_HELP)
    chosen = head_map_cell.chosen_place(shown.exploration.id, found)
    other = None if shown.running else choose_other(shown)
    maps = [(found, "")] + ([(other.result, other.said)] if other else [])
    if other:
        _draw_beside(maps, shown, chosen)
        head_map_cell.draw_cell(shown, chosen)
    else:
        left, middle, right = st.columns([5, 5, 4])
        for column, quantity in ((left, LOSS), (middle, GAP)):
            with column:
                _draw_map(found, quantity, maps, shown, chosen)
        with right:
            head_map_cell.draw_cell(shown, chosen)
    marks = MAP_MARKS if len(found.axes) == 2 else LINE_MARKS
    st.caption(EXPLAINED.format(seeds=counted(len(found.seeds), "seed"), marks=marks))
    draw_rows(shown)
    with st.expander("As a table", icon=":material/table:", key="map_table"):
        draw_table(*_table(found), "Validation loss of each cell, with its gap in points")


def _draw_beside(maps: Sequence[tuple[HeadMap, str]], shown: Shown, chosen: int) -> None:
    """Two maps side by side with common colours: a row for loss, a row for the gap."""
    for quantity in (LOSS, GAP):
        for number, (column, (one, said)) in enumerate(zip(st.columns(2), maps, strict=True)):
            with column:
                _draw_map(one, quantity, maps, shown, chosen, f"-{number}" if number else "", said or "This map")


def _draw_map(
    one: HeadMap,
    quantity: str,
    maps: Sequence[tuple[HeadMap, str]],
    shown: Shown,
    chosen: int,
    key: str = "",
    said: str = "",
) -> None:
    st.markdown(f"**{TITLES[quantity]}**" + (f" · {plain(said)}" if said else ""))
    figure = chart.map_figure(one, quantity, chart.scale_of([each for each, _ in maps], quantity), chosen)
    draw_chart(
        figure,
        f"map-{quantity}{key}",
        HEIGHT,
        alt(one, quantity),
        on_open=lambda place: head_map_cell.choose(shown.exploration.id, int(place)),
    )


def reading(found: HeadMap) -> str:
    """What the map says, in a sentence or two."""
    if found.best is None:
        return "The first losses appear after the first epoch of all heads."
    best = found.cells[found.best]
    assert best.loss is not None
    said = f"Lowest validation loss: {best.loss.value:.3f} ({best.loss.low:.3f} to {best.loss.high:.3f}) at {cell_text(found, found.best)}."
    alike, known = len(found.as_good), sum(cell.loss is not None for cell in found.cells)
    if not alike:
        return f"{said} So far; the heads are still training." if not found.complete else said
    images = f"{found.images['validation']:,} validation images"
    if alike == 1:
        return f"{said} No other cell is as good: {images} tell it from all {known - 1} others."
    return f"{said} {alike} of {known} cells cannot be told from it with {images}; {_span(found)}"


def _span(found: HeadMap) -> str:
    """From where to where those cells go on each axis."""
    spans = []
    for number, axis in enumerate(found.axes):
        places = [axis.values.index(cell.values[number]) for cell in found.as_good]
        low, high = (setting_text(axis, axis.values[end(places)]) for end in (min, max))
        spans.append(f"{axis.title} {low}" if low == high else f"{axis.title} {low} to {high}")
    return f"they lie within {' and '.join(spans)}."


def alt(found: HeadMap, quantity: str) -> str:
    """The chart in a sentence."""
    values = [
        (value, place) for place, cell in enumerate(found.cells) if (value := value_of(cell, quantity)) is not None
    ]
    axes = " and ".join(axis.title for axis in found.axes)
    if not values:
        return f"{TITLES[quantity]} over {axes}: no epoch yet."
    (low, at), (high, to) = min(values), max(values)
    ends = (f"{value_text(value, quantity)} at {cell_text(found, place)}" for value, place in ((low, at), (high, to)))
    return f"{TITLES[quantity]} over {axes}: from {' to '.join(ends)}."


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
