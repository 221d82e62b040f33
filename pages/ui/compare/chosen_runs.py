"""Which runs are compared: in the address, so that a link, a reload and Back show the same."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.colours import DISTINCT
from pages.ui.common.run_list import Row, labels_of
from pages.ui.markdown import plain
from tl_core.text import first_of, joined

KEY, _PARAM = "compared_runs", "runs"


def from_address() -> list[str]:
    """The ids in the address, each once, in order; unknown ones too."""
    return list(dict.fromkeys(id.strip() for id in st.query_params.get(_PARAM, "").split(",") if id.strip()))


def _to_address() -> None:
    put_into_address(st.session_state[KEY])


def put_into_address(ids: Sequence[str]) -> None:
    """Makes these runs the compared ones."""
    if ids:
        st.query_params[_PARAM] = ",".join(ids)
    else:
        st.query_params.pop(_PARAM, None)


def choose_runs(rows: Sequence[Row]) -> list[str]:
    """Draws the field in which you choose runs, and warns of unknown ones. Returns the ids to compare."""
    asked, ids = from_address(), {row.id for row in rows}
    known = [id for id in asked if id in ids]
    _say_unknown([id for id in asked if id not in ids])
    st.session_state[KEY] = known
    labels = _options(rows, known)
    chosen: list[str] = st.multiselect(
        "Runs",
        list(labels),
        format_func=lambda id: labels.get(id, id),
        key=KEY,
        on_change=_to_address,
        placeholder="Choose runs to compare",
        help=f"The newest first. Up to {DISTINCT} share one chart; more have a small one each. The address of this page keeps the choice.",
    )
    return chosen


def _options(rows: Sequence[Row], chosen: Sequence[str]) -> dict[str, str]:
    """What each run is called: the chosen ones as in chart and tables, by what differs between them; the others by what differs between all."""
    among_all = labels_of(rows)
    others = {row.id: " · ".join(filter(None, (among_all[row.id], row.dataset, row.backbone))) for row in rows}
    return {**others, **labels_of(row for row in rows if row.id in chosen)}


def _say_unknown(ids: Sequence[str]) -> None:
    if ids:
        said = first_of([plain(id[:80]) for id in ids], 5)
        st.warning(
            f"The link names {'a run that is' if len(ids) == 1 else 'runs that are'} not in this folder: {said}. "
            "It may have been deleted, or lie in another models folder.",
            icon=":material/link_off:",
        )


def draw_invitation(rows: Sequence[Row]) -> None:
    """What you can do if no run is chosen: compare the newest two, or train some first."""
    newest = [row for row in rows if row.epoch][:2]
    if len(newest) == 2:
        st.info("No run is chosen. Choose two or more above, or start with the newest two.", icon=":material/info:")
        st.button(
            plain(f"Compare {joined(list(labels_of(newest).values()))}"),
            icon=":material/stacked_line_chart:",
            key="compare_newest",
            on_click=put_into_address,
            args=([row.id for row in newest],),
        )
        return
    st.info("There is nothing to compare yet: it takes two runs with at least one epoch each.", icon=":material/info:")
    navigation.link("train", "Train a run")
