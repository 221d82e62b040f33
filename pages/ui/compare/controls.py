"""Which runs are compared, and how their curves are drawn: all in the address, so that a link, a reload and Back show the same.

Under names that no other page has: Streamlit (1.67) takes a bound name out of an address that leads from its page to another, and
Back from here to a run's page with some smoothing would be such a one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.colours import DISTINCT
from pages.ui.charts.layouts import has_log_scale, title_of
from pages.ui.charts.traces import SPLITS, Kind, X
from pages.ui.common.chart_controls import log_scale, smoothing, x_axis
from pages.ui.common.run_list import Row, labels_of
from pages.ui.compare.colouring import RUN
from pages.ui.markdown import plain
from tl_core.experiment.naming import differing_settings
from tl_core.experiment.wording import PARAMS, title_in_sentence
from tl_core.metrics import metric_of, quantities
from tl_core.text import first_of, joined

KEY, _PARAM = "compared_runs", "runs"

_KINDS: dict[str, tuple[Kind, str]] = {
    "validation": ("val", "solid"),
    "training": ("clean", "dashed"),
    "reported": ("reported", "dotted"),
}
"""Kinds of curves as the page and the address name them, with their lines."""


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


@dataclass(frozen=True)
class ChartView:
    """See pages.ui.charts.comparison.compare_figure; colour_by: `run`, or the path of a setting."""

    quantity: str
    x: X
    smoothing: float
    log: bool
    show: tuple[Kind, ...]
    colour_by: str = RUN

    @property
    def drawing(self) -> dict[str, Any]:
        """What the charts take."""
        return {name: value for name, value in vars(self).items() if name != "colour_by"}


def choose_view(rows: Sequence[Row]) -> ChartView:
    """Draws the controls in one row, which a narrow window breaks."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare_controls"):
        quantity = _quantity()
        x, chosen = x_axis("axis"), _kinds(quantity)
        weight, log = smoothing("smooth"), log_scale("log_loss", disabled=not has_log_scale(quantity))
        by = _colour_by(rows)
        st.caption(_legend(quantity, chosen, len(rows)), width="stretch")
    kinds = tuple(_KINDS[name][0] for name in chosen)
    return ChartView(quantity, x, weight, log, kinds, by)


def _legend(quantity: str, chosen: Sequence[str], runs: int) -> str:
    """What lines and stars stand for."""
    if len(_measured(quantity)) == 1:
        kinds = f"{title_of(quantity)} is measured on validation images only"
    else:
        kinds = ", ".join(f"{name} {_KINDS[name][1]}" for name in chosen) or "no curves"
    hides = " A click on a name in the chart hides its curves." if runs <= DISTINCT else ""
    return f"{kinds[0].upper()}{kinds[1:]}. ★ marks the exported epoch.{hides}"


def _colour_by(rows: Sequence[Row]) -> str:
    """Run, or one of the settings in which these runs differ."""
    paths = differing_settings(tuple(row.name for row in rows if row.name))
    chosen = st.selectbox(
        "Colour by",
        [RUN, *paths],
        format_func=lambda path: "run" if path == RUN else title_in_sentence(PARAMS[path]),
        key="colour",
        bind="query-params",
        width=180,
        help="The run, or a setting in which these runs differ: then equal colours are equal values.",
    )
    return str(chosen)


def _quantity() -> str:
    known = quantities()
    chosen = st.segmented_control(
        "Measure",
        known,
        default=known[0],
        required=True,
        key="measure",
        bind="query-params",
        help="What the curves show.",
    )
    return str(chosen)


def _measured(quantity: str) -> list[str]:
    """The kinds of curves that there are of a quantity."""
    return [name for name, (kind, _) in _KINDS.items() if metric_of(quantity, SPLITS[kind])]


def _kinds(quantity: str) -> list[str]:
    measured = _measured(quantity)
    chosen = st.pills(
        "Curves",
        list(_KINDS),
        default=["validation", "training"],
        selection_mode="multi",
        key="show",
        bind="query-params",
        disabled=len(measured) == 1,  # There is nothing to choose; another measure finds the choice as it was.
        help="Training: on plain training images after the epoch; comparable with validation. Reported: during training, with "
        "augmentation and dropout; says nothing about overfitting.",
    )
    return measured if len(measured) == 1 else [name for name in measured if name in chosen]
