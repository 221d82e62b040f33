"""Which runs are compared. The address says it, so that a link, a reload and the way back show the same."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import places
from pages.ui.charts.colours import DISTINCT
from pages.ui.runs.overview import Row
from pages.ui.text import plain

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


def draw(rows: Sequence[Row], called: dict[str, str]) -> list[str]:
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
        said = ", ".join(plain(id[:80]) for id in ids[:5]) + (" …" if len(ids) > 5 else "")
        st.warning(
            f"The link names {'a run' if len(ids) == 1 else 'runs'} that this folder does not hold: {said}. "
            "It may have been deleted, or lie in another models folder.",
            icon=":material/link_off:",
        )


def invite(rows: Sequence[Row], called: dict[str, str]) -> None:
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
    places.link("train", "Train a run")
