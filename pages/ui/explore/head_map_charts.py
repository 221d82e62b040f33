"""The charts of a regularisation map with the cell that is chosen in it, or those of two maps beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.charts import head_map as chart
from pages.ui.charts.component import draw_chart
from pages.ui.charts.head_map_text import GAP, LOSS, TITLES, alt, lowest_of_both, valley
from pages.ui.explore import head_map_cell
from pages.ui.explore.asking import Shown, draw_state
from pages.ui.markdown import plain
from tl_core import explorations
from tl_core.explorations.map_variants import same_validation
from tl_core.results.head_map import HeadMap

HEIGHT = 400

BOTH_HELP = (
    "In brackets: the 95 % interval of each for the validation images. Each is the lowest of many losses and therefore a little too low. "
    "Whether the two differ by more than chance is not tested."
)

OTHER_VALIDATION = "The two are measured on different validation images."

OTHER_TIMES = "Images were added to the dataset or changed between the two."

WAITING = "Its map appears after the first epoch of all heads."


def draw_one(shown: Shown, chosen: int) -> None:
    """Loss, gap and the chosen cell of a map, in a row."""
    left, middle, right = st.columns([5, 5, 4])
    for column, quantity in ((left, LOSS), (middle, GAP)):
        with column:
            _draw_map(shown, quantity, [shown.result], shown, chosen)
    with right:
        head_map_cell.draw_choice(shown, chosen)
        head_map_cell.draw_cell(shown, chosen)


def draw_two(maps: tuple[Shown, Shown], names: tuple[str, str], chosen: int) -> None:
    """Two maps, a column each: what each is of, its loss and gap in the colours of both, and the same cell of both."""
    found: list[HeadMap] = [one.result for one in maps if one.result is not None]
    for number, column in enumerate(st.columns(2)):
        with column:
            _draw_head(maps[number], names[number], number)
    for quantity in (LOSS, GAP):
        for number, column in enumerate(st.columns(2)):
            if maps[number].result is not None:
                with column:
                    key = _key(number)
                    _draw_map(maps[number], quantity, found, maps[0], chosen, key, names[number])
    head_map_cell.draw_choice(maps[0], chosen)
    for number, column in enumerate(st.columns(2)):
        if maps[number].result is not None:
            with column:
                _draw_name(names[number])
                head_map_cell.draw_cell(maps[number], chosen, _key(number))


def _key(number: int) -> str:
    """What the keys of the second map's widgets end with."""
    return "-beside" if number else ""


def _draw_name(name: str) -> None:
    st.markdown(f"**{plain(name[0].upper() + name[1:])}**")


def _draw_head(shown: Shown, name: str, number: int) -> None:
    _draw_name(name)
    if number:  # That of the first stands above both.
        draw_state(shown, "beside")
    if shown.result is not None:
        st.markdown(plain(valley(shown.result)))
    elif shown.running:
        st.markdown(WAITING)


def draw_compared(maps: tuple[Shown, Shown], names: tuple[str, str]) -> None:
    """The lowest loss of both, and what makes them hard to compare."""
    first, second = maps
    if second.result is not None and (said := lowest_of_both([first.result, second.result], names)):
        st.markdown(plain(said), help=BOTH_HELP)
    if not same_validation(first.asked.spec, second.asked.spec):
        st.caption(OTHER_VALIDATION)
    elif explorations.asked_of_others(second.exploration, first.asked.images):
        st.warning(OTHER_TIMES, icon=":material/history:")


def _draw_map(
    shown: Shown,
    quantity: str,
    found: Sequence[HeadMap],
    first: Shown,
    chosen: int,
    key: str = "",
    name: str = "",
) -> None:
    """One chart; a click on a cell chooses it in the first map, and thus in both.

    Args:
        found: All maps that are shown, which have the same colours.
    """
    st.markdown(f"**{TITLES[quantity]}**" + (f" · {plain(name)}" if name else ""))
    draw_chart(
        chart.map_figure(shown.result, quantity, chart.scale_of(found, quantity), chosen),
        f"map-{quantity}{key}",
        HEIGHT,
        alt(shown.result, quantity) + (f" {name}." if name else ""),
        on_open=lambda place: head_map_cell.choose(first.exploration.id, int(place)),
    )
