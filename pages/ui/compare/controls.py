"""How the curves are drawn; all of it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import streamlit as st

from pages.ui.charts.curves import Kind, Measure, X
from pages.ui.charts.remembered import between, one_of, remember, several_of

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
        x = _choice("Over", ("epoch", "seconds"), "x", "Epochs, or the seconds of training up to the end of each.")
        chosen = _kinds()
        smoothing = _smoothing()
        log = _log(measure)
    if chosen:
        said = ", ".join(f"{name} {_KINDS[name][1]}" for name in chosen)
        st.caption(f"One colour a run: {said}. A click on a run's name below the chart hides it.")
    kinds = tuple(_KINDS[name][0] for name in chosen)
    return View(cast(Measure, measure), cast(X, x), smoothing, log, kinds)


def _choice(label: str, options: tuple[str, ...], key: str, help: str) -> str:
    keep = remember(key, options[0], one_of(options))
    return str(st.segmented_control(label, options, required=True, key=key, on_change=keep, help=help))


def _kinds() -> list[str]:
    keep = remember("show", ["validation", "training"], several_of(_KINDS), ",".join)
    chosen = st.pills(
        "Curves",
        list(_KINDS),
        selection_mode="multi",
        key="show",
        on_change=keep,
        help="Training: on training images as they are, after the epoch; compares with validation. Reported: while training, with "
        "augmentation and dropout; says nothing about overfitting.",
    )
    return [name for name in _KINDS if name in chosen]


def _smoothing() -> float:
    keep = remember("smoothing", 0.0, between(0, 0.95), "{:g}".format)
    return st.slider(
        "Smoothing",
        min_value=0.0,
        max_value=0.95,
        step=0.05,
        key="smoothing",
        on_change=keep,
        width=190,
        help="0 to 0.95: how much of the epochs before goes into each point. What was measured stays faintly behind.",
    )


def _log(measure: str) -> bool:
    keep = remember("log", False, lambda text: one_of(("true", "false"))(text) == "true", lambda on: str(on).lower())
    chosen = st.toggle(
        "Log scale",
        key="log",
        on_change=keep,
        disabled=measure != "loss",
        help="Loss on a logarithmic scale: small changes show.",
    )
    return chosen and measure == "loss"
