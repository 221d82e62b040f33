"""How the curves are drawn; all of it stands in the address.

Under names that no other page has: Streamlit (1.67) takes a bound name out of an address that leads from its page to another, and
Back from here to a run's page with some smoothing would be such a one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import streamlit as st

from pages.ui.charts.curves import Kind, Measure, X

_KINDS: dict[str, tuple[Kind, str]] = {
    "validation": ("val", "solid"),
    "training": ("clean", "dashed"),
    "reported": ("reported", "dotted"),
}
"""Kinds of curves as people and the address call them, with their lines."""


@dataclass(frozen=True)
class View:
    """See pages.ui.charts.curves.compare_figure."""

    measure: Measure
    x: X
    smoothing: float
    log: bool
    show: tuple[Kind, ...]


def draw() -> View:
    """Draws the controls in one row, which a narrow window breaks."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="compare_controls"):
        measure = _choice("Measure", ("accuracy", "loss"), "measure", "What the curves show.")
        x = _choice("Over", ("epoch", "seconds"), "axis", "Epochs, or the seconds of training up to the end of each.")
        chosen = _kinds()
        smoothing = _smoothing()
        log = _log(measure)
    if chosen:
        said = ", ".join(f"{name} {_KINDS[name][1]}" for name in chosen)
        st.caption(f"One colour a run: {said}. A click on a run's name below the chart hides it.")
    kinds = tuple(_KINDS[name][0] for name in chosen)
    return View(cast(Measure, measure), cast(X, x), smoothing, log, kinds)


def _choice(label: str, options: tuple[str, ...], key: str, help: str) -> str:
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
