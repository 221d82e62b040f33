"""What a regularisation map is asked for: one or two axes with their values, and the number of seeds."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts.head_map_text import setting_text
from pages.ui.explore import addresses
from pages.ui.explore.kept import asked_options
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.errors import BadInput, Problem
from tl_core.results.head_map import AXIS_KINDS, MAP_AXES, MOST_SEEDS, MOST_VALUES, MapAxis, MapOptions, check_map

NONE = ""
"""The choice of no second axis."""

ACROSS, UP, SEEDS, VALUES = "map_across", "map_up", "map_seeds", "map_values_"

_ADOPTED = "map_adopted"
"""The id of the kept map whose options stand in the fields."""

VALUES_HELP = f"2 to {MOST_VALUES} values with commas between them, in the order of the chart."


def draw_options(_subject: Subject) -> MapOptions | None:
    """Draws the choice of axes, values and seeds; None if a value cannot be read, which it has said."""
    _begin()
    with st.container(horizontal=True, vertical_alignment="bottom", key="map_axes"):
        across = st.selectbox(
            "Across",
            AXIS_KINDS.names,
            key=ACROSS,
            format_func=_title,
            help="The setting that varies from left to right.",
            width=220,
        )
        others = [name for name in AXIS_KINDS.names if name != across]
        if st.session_state[UP] == across:
            st.session_state[UP] = others[0]
        up = st.selectbox(
            "Up",
            [*others, NONE],
            key=UP,
            format_func=_title,
            help="The setting that varies from bottom to top; without one the map is a line.",
            width=220,
        )
        seeds = st.number_input(
            "Seeds",
            1,
            MOST_SEEDS,
            key=SEEDS,
            help="Every cell is trained with so many seeds, and shows their mean. More seeds tell settings from luck, and take longer.",
            width=110,
        )
    chosen = [name for name in (up, across) if name]
    with st.expander("Values", icon=":material/tune:"):
        axes = [_axis(name) for name in chosen]
    read = [axis for axis in axes if axis is not None]
    return MapOptions(tuple(read), int(seeds)) if len(read) == len(axes) else None


def _begin() -> None:
    """The options of the kept map that the address names, once; where there are none, those of a first map."""
    state, kept = st.session_state, addresses.kept_id()
    if kept and state.get(_ADOPTED) != kept:
        state[_ADOPTED] = kept
        if options := asked_options(MapOptions):
            *up, across = options.axes
            state[ACROSS], state[UP], state[SEEDS] = across.path, up[0].path if up else NONE, options.seeds
            state.update({f"{VALUES}{axis.path}": _values_text(axis) for axis in options.axes})
    for key, first in zip((ACROSS, UP, SEEDS), (*MAP_AXES, MapOptions(()).seeds), strict=True):
        state.setdefault(key, first)
    for kind in AXIS_KINDS:
        state.setdefault(f"{VALUES}{kind.name}", _values_text(MapAxis(kind.name, kind.values)))


def _values_text(axis: MapAxis) -> str:
    return ", ".join(setting_text(axis, value) for value in axis.values)


def _title(name: str) -> str:
    return AXIS_KINDS[name].title if name else "None"


def _axis(name: str) -> MapAxis | None:
    kind = AXIS_KINDS[name]
    text = st.text_input(kind.title, key=f"{VALUES}{name}", help=VALUES_HELP)
    try:
        return MapAxis(name, tuple(_number(part, name) for part in text.split(",") if part.strip()))
    except ValueError:
        st.error(
            plain(f"{kind.title}: received {text!r}; write numbers with commas between them, such as 0, 0.1, 0.5."),
            icon=":material/error:",
        )
        return None


def _number(text: str, name: str) -> float:
    """Raises ValueError for other texts."""
    if name == "head.hidden":
        return 0 if text.strip() == "none" else int(text)
    return float(text)


def problems_of(subject: Subject, options: MapOptions) -> tuple[Problem, ...]:
    """What keeps a map from being made of an experiment."""
    try:
        check_map(subject.spec, options)
    except BadInput as error:
        return error.problems
    return ()
