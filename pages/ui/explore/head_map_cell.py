"""A cell of a regularisation map: which one is chosen, its figures and curves, and the run that it becomes."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui.charts.component import draw_chart
from pages.ui.charts.head_map_lines import curves_figure
from pages.ui.charts.head_map_text import cell_text, figures, setting_text
from pages.ui.explore.asking import Shown
from pages.ui.explore.promoting import draw_promotion
from pages.ui.markdown import plain
from tl_core.results.head_map import HeadMap

HEIGHT = 250

_CHOSEN = "map_chosen"
"""The id of an exploration and the place of the cell that was chosen in it; without one, the best cell is shown."""

_AT = "map_at_"

SEEDS_DIFFER = "The run trains with seed {seed}, whose curve is drawn strongest; the map shows the mean of all seeds."


def chosen_place(exploration: str, found: HeadMap) -> int:
    """The place of the cell that is shown: the one that was chosen, or the best."""
    of, place = st.session_state.get(_CHOSEN, ("", 0))
    return place if of == exploration and place < len(found.cells) else found.best or 0


def choose(exploration: str, place: int) -> None:
    """Shows another cell; for callbacks."""
    st.session_state[_CHOSEN] = (exploration, place)


def draw_cell(shown: Shown, place: int, key: str = "") -> None:
    """The figures and curves of a cell, and the button that makes a run of it.

    Args:
        key: What the keys of widgets end with.
    """
    found: HeadMap = shown.result
    cell = found.cells[place]
    st.markdown("  \n".join(plain(f"{text[0].upper()}{text[1:]}") for text in figures(cell)))
    said = f"Training and validation loss of the heads with {cell_text(found, place)}"
    draw_chart(curves_figure(cell), f"map-cell{key}", HEIGHT, said)
    draw_promotion(
        "Train this as a run",
        f"map_promote{key}",
        shown,
        found.settings(place),
        type="primary",
        disabled=shown.running and not found.complete,
        help="Makes an ordinary run with the settings of this cell, adds it to the queue and shows it.",
    )
    if len(found.seeds) > 1:
        st.caption(SEEDS_DIFFER.format(seed=found.seeds[0]))


def draw_choice(shown: Shown, place: int) -> None:
    """A choice for each axis: what a click on the map does, for the keyboard."""
    found: HeadMap = shown.result
    with st.container(horizontal=True, key="map_cell"):
        for number, axis in enumerate(found.axes):
            key = f"{_AT}{number}"
            st.session_state[key] = found.cells[place].values[number]
            st.selectbox(
                axis.title,
                axis.values,
                key=key,
                format_func=partial(setting_text, axis),
                on_change=_chosen_by_keys,
                args=(shown.exploration.id, found),
                help="The cell whose curves are shown; a click on the map chooses it too.",
                width="stretch",
            )


def _chosen_by_keys(exploration: str, found: HeadMap) -> None:
    values = tuple(st.session_state[f"{_AT}{number}"] for number in range(len(found.axes)))
    choose(exploration, next(place for place, cell in enumerate(found.cells) if cell.values == values))
