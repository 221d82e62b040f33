"""How the compared runs are drawn: all in the address, so that a link, a reload and Back show the same.

Under names that no other page has: Streamlit (1.67) takes a bound name out of an address that leads from its page to another, and
Back from here to a run's page with some smoothing would be such a one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pages.ui.charts.colours import DISTINCT
from pages.ui.charts.measures import Kind, Measure, measure_of, measures
from pages.ui.charts.traces import X
from pages.ui.common.chart_controls import log_scale, smoothing, x_axis
from pages.ui.common.run_list import Row
from pages.ui.compare.colouring import RUN
from pages.ui.compare.grouping import NOTHING, SAME
from tl_core.experiment.naming import differing_settings
from tl_core.experiment.wording import PARAMS, title_in_sentence

_KINDS: dict[str, tuple[Kind, str]] = {
    "validation": ("val", "solid"),
    "training": ("clean", "dashed"),
    "reported": ("reported", "dotted"),
}
"""Kinds of curves as the page and the address name them, with their lines."""

Shape = Literal["one chart", "small charts"]
_SHAPES: tuple[Shape, ...] = ("one chart", "small charts")


@dataclass(frozen=True)
class ChartView:
    """How the runs are drawn.

    Attributes:
        page: The name of the view, a key of the views given to `choose_view`.
        chosen: The kinds of curves, where the measure has several.
        aligned: Whether 0 on the x axis is where fine-tuning begins.
        shape: Curves over each other, or beside each other on the same axes.
        group_by: See pages.ui.compare.grouping.
        colour_by: `run`, or the path of a setting.
    """

    page: str
    quantity: str
    x: X
    smoothing: float
    log: bool
    chosen: tuple[Kind, ...]
    aligned: bool = False
    shape: Shape = "one chart"
    group_by: str = SAME
    colour_by: str = RUN

    @property
    def drawing(self) -> dict[str, Any]:
        """What charts of curves take."""
        return {name: vars(self)[name] for name in ("quantity", "x", "smoothing", "log", "aligned")}

    @property
    def measure(self) -> Measure:
        return measure_of(self.quantity)

    @property
    def show(self) -> tuple[Kind, ...]:
        """The kinds of curves that are drawn."""
        return tuple(self.measure.curves) if self.measure.one_kind else self.chosen


def choose_view(rows: Sequence[Row], pages: Mapping[str, str]) -> ChartView:
    """Draws the controls: view and measure in a row, all others folded, so that the chart begins on the first screen of a phone.

    Args:
        rows: The compared runs.
        pages: What each view shows, by its name.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare_controls"):
        page, measure = _page(pages), _measure()
        with st.popover("Chart settings", icon=":material/tune:"):
            x, aligned = x_axis("axis"), _aligned()
            chosen = _kinds(measure)
            shape, group, colour = _shape(len(rows)), _group_by(rows), _colour_by(rows)
            weight, log = smoothing("smooth"), log_scale("log_loss", disabled=not measure.has_log_scale)
    return ChartView(page, measure.name, x, weight, log, chosen, aligned, shape, group, colour)


def legend_text(view: ChartView, curves: int, grouped: bool) -> str:
    """What lines, bands and stars stand for.

    Args:
        curves: How many runs or groups are drawn.
        grouped: Whether some of them are groups.
    """
    if view.measure.is_gap:
        kinds = view.measure.help.removesuffix(".")
    elif view.measure.one_kind:
        kinds = f"{view.measure.title} is measured on validation images only"
    else:
        kinds = ", ".join(f"{name} {dash}" for name, (kind, dash) in _KINDS.items() if kind in view.show) or "no curves"
    bands = " Several runs are their mean, in a band from the lowest to the highest of them." if grouped else ""
    overlay = view.shape == "one chart" and curves <= DISTINCT
    hides = " A click on a name in the chart hides its curves." if overlay else ""
    return f"{kinds[0].upper()}{kinds[1:]}. ★ marks the exported epoch.{bands}{hides}"


def _page(pages: Mapping[str, str]) -> str:
    names = list(pages)
    help = "  \n".join(f"**{name}**: {what}" for name, what in pages.items())
    return str(
        st.segmented_control("View", names, default=names[0], required=True, key="view", bind="query-params", help=help)
    )


def _measure() -> Measure:
    known = {measure.name: measure for measure in measures()}
    chosen = st.selectbox(
        "Measure",
        list(known),
        key="measure",
        bind="query-params",
        width=180,
        help="  \n".join(f"**{measure.title}**: {measure.help}" for measure in known.values()),
    )
    return known[chosen]


def _aligned() -> bool:
    return st.toggle(
        "Align where fine-tuning begins",
        key="align",
        bind="query-params",
        help="Puts 0 of the x axis where layers of the backbone begin to train. What the head trained alone before lies left of it.",
    )


def _shape(runs: int) -> Shape:
    chosen = st.segmented_control(
        "Runs",
        _SHAPES,
        default=_SHAPES[0],
        required=True,
        key="shape",
        bind="query-params",
        help=f"All curves in one chart, or a small chart for each run, all with the same axes. More than {DISTINCT} curves always have small charts.",
    )
    return _SHAPES[1] if chosen == _SHAPES[1] else _SHAPES[0]


def _group_by(rows: Sequence[Row]) -> str:
    """The same settings but for the seed, nothing, or one of the settings in which these runs differ."""
    named = {SAME: "same settings", NOTHING: "nothing"}
    chosen = st.selectbox(
        "Group by",
        [SAME, NOTHING, *_differing(rows)],
        format_func=lambda path: named.get(path) or title_in_sentence(PARAMS[path]),
        key="group",
        bind="query-params",
        help="Runs that are drawn as one curve: their mean, in a band from the lowest to the highest of them. Same settings: those that "
        "differ only in their seed. A setting: those with the same value.",
    )
    return str(chosen)


def _colour_by(rows: Sequence[Row]) -> str:
    """Run, or one of the settings in which these runs differ."""
    chosen = st.selectbox(
        "Colour by",
        [RUN, *_differing(rows)],
        format_func=lambda path: "run" if path == RUN else title_in_sentence(PARAMS[path]),
        key="colour",
        bind="query-params",
        help="The run, or a setting in which these runs differ: then equal colours are equal values.",
    )
    return str(chosen)


def _differing(rows: Sequence[Row]) -> tuple[str, ...]:
    return differing_settings(tuple(row.name for row in rows if row.name))


def _kinds(measure: Measure) -> tuple[Kind, ...]:
    chosen = st.pills(
        "Curves",
        list(_KINDS),
        default=["validation", "training"],
        selection_mode="multi",
        key="show",
        bind="query-params",
        disabled=measure.one_kind,  # There is nothing to choose; another measure finds the choice as it was.
        help="Training: on plain training images after the epoch; comparable with validation. Reported: during training, with "
        "augmentation and dropout; says nothing about overfitting.",
    )
    return tuple(kind for name, (kind, _) in _KINDS.items() if name in chosen)
