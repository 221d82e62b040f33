"""Which runs are compared, and how their curves are drawn; all of it stands in the address, so that a link, a reload and Back show the same.

Under names that no other page has: Streamlit (1.67) takes a bound name out of an address that leads from its page to another, and
Back from here to a run's page with some smoothing would be such a one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.colours import DISTINCT
from pages.ui.charts.curves import Kind, Measure, X
from pages.ui.common.run_list import Row
from pages.ui.markdown import plain
from tl_core.text import first_of

_KEY, _PARAM = "compared_runs", "runs"


def from_address() -> list[str]:
    """The ids in the address, each once, in order; unknown ones too."""
    return list(dict.fromkeys(id.strip() for id in st.query_params.get(_PARAM, "").split(",") if id.strip()))


def _to_address() -> None:
    put_into_address(st.session_state[_KEY])


def put_into_address(ids: Sequence[str]) -> None:
    """Makes these runs the compared ones."""
    if ids:
        st.query_params[_PARAM] = ",".join(ids)
    else:
        st.query_params.pop(_PARAM, None)


def choose_runs(rows: Sequence[Row], called: dict[str, str]) -> list[str]:
    """Draws the field in which runs are chosen, and says which chosen runs there are not. Returns the ids to compare."""
    asked = from_address()
    known = [id for id in asked if id in called]
    _say_unknown([id for id in asked if id not in called])
    if len(known) > DISTINCT:
        st.warning(f"Only the first {DISTINCT} of {len(known)} runs are shown: more colours could not be told apart.")
    st.session_state[_KEY] = known[:DISTINCT]
    labels = {row.id: " · ".join(filter(None, (called[row.id], row.dataset, row.backbone))) for row in rows}
    chosen: list[str] = st.multiselect(
        "Runs",
        list(labels),
        format_func=lambda id: labels.get(id, id),
        key=_KEY,
        on_change=_to_address,
        max_selections=DISTINCT,
        placeholder="Choose runs to lay over each other",
        help=f"Up to {DISTINCT} runs, the newest first in the list. The link in your browser's address bar keeps the choice.",
    )
    return chosen


def _say_unknown(ids: Sequence[str]) -> None:
    if ids:
        said = first_of([plain(id[:80]) for id in ids], 5)
        st.warning(
            f"The link names {'a run' if len(ids) == 1 else 'runs'} that this folder does not hold: {said}. "
            "It may have been deleted, or lie in another models folder.",
            icon=":material/link_off:",
        )


def draw_invitation(rows: Sequence[Row], called: dict[str, str]) -> None:
    """What to do where none is chosen: compare the newest two, or train some first."""
    newest = [row.id for row in rows if row.epoch][:2]
    if len(newest) == 2:
        st.info("No run is chosen. Choose two or more above, or begin with the newest two.", icon=":material/info:")
        st.button(
            plain(f"Compare {called[newest[0]]} and {called[newest[1]]}"),
            icon=":material/stacked_line_chart:",
            key="compare_newest",
            on_click=put_into_address,
            args=(newest,),
        )
        return
    st.info("There is nothing to compare yet: it takes two runs with at least one epoch each.", icon=":material/info:")
    navigation.link("train", "Train a run")


_KINDS: dict[str, tuple[Kind, str]] = {
    "validation": ("val", "solid"),
    "training": ("clean", "dashed"),
    "reported": ("reported", "dotted"),
}
"""Kinds of curves as people and the address call them, with their lines."""


@dataclass(frozen=True)
class ChartView:
    """See pages.ui.charts.curves.compare_figure."""

    measure: Measure
    x: X
    smoothing: float
    log: bool
    show: tuple[Kind, ...]


def choose_view() -> ChartView:
    """Draws the controls in one row, which a narrow window breaks."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="compare_controls"):
        measure = _option("Measure", ("accuracy", "loss"), "measure", "What the curves show.")
        x = _option("Over", ("epoch", "seconds"), "axis", "Epochs, or the seconds of training up to the end of each.")
        chosen = _kinds()
        smoothing = _smoothing()
        log = _log(measure)
    if chosen:
        said = ", ".join(f"{name} {_KINDS[name][1]}" for name in chosen)
        st.caption(f"One colour a run: {said}. A click on a run's name below the chart hides it.")
    kinds = tuple(_KINDS[name][0] for name in chosen)
    return ChartView(cast(Measure, measure), cast(X, x), smoothing, log, kinds)


def _option(label: str, options: tuple[str, ...], key: str, help: str) -> str:
    chosen = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params", help=help
    )
    return str(chosen)


def _kinds() -> list[str]:
    chosen = st.pills(
        "Curves",
        list(_KINDS),
        default=["validation", "training"],
        selection_mode="multi",
        key="show",
        bind="query-params",
        help="Training: on training images as they are, after the epoch; compares with validation. Reported: while training, with "
        "augmentation and dropout; says nothing about overfitting.",
    )
    return [name for name in _KINDS if name in chosen]


def _smoothing() -> float:
    return st.slider(
        "Smoothing",
        0.0,
        0.95,
        0.0,
        0.05,
        key="smooth",
        bind="query-params",
        width=190,
        help="0 to 0.95: how much of the epochs before goes into each point. What was measured stays faintly behind.",
    )


def _log(measure: str) -> bool:
    chosen = st.toggle(
        "Log scale",
        key="log_loss",
        bind="query-params",
        disabled=measure != "loss",
        help="Loss on a logarithmic scale: small changes show.",
    )
    return chosen and measure == "loss"
