"""Controls that every chart of curves has; each keeps its value in the address, under its key."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts.traces import X

_OVER: dict[X, str] = {
    "epoch": "Epochs: passes through the training images.",
    "seconds": "Seconds: training time, to compare runs whose epochs differ in cost.",
    "steps": "Steps: updates of the weights, to compare runs of other batch sizes or numbers of images.",
}


def x_axis(key: str) -> X:
    """What curves are drawn over."""
    chosen = st.segmented_control(
        "Over", list(_OVER), default="epoch", required=True, key=key, bind="query-params", help=" ".join(_OVER.values())
    )
    return chosen if chosen in _OVER else "epoch"


def smoothing(key: str) -> float:
    """The weight of what came before in a moving average: 0 to 0.95."""
    help = "0 to 0.95: the weight of earlier epochs in each point. The measured values stay visible behind the curve."
    return float(st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key=key, bind="query-params", width=190, help=help))


def log_scale(key: str, disabled: bool = False) -> bool:
    """Whether the loss has a logarithmic axis."""
    help = "A logarithmic loss axis, on which small changes are visible."
    return bool(st.toggle("Log scale", key=key, bind="query-params", disabled=disabled, help=help)) and not disabled
