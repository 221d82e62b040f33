"""The same experiment with other seeds: one click on the page of a run."""

from __future__ import annotations

import streamlit as st

from pages.ui import navigation
from pages.ui.common import repeating
from pages.ui.common.run_view import RunView
from tl_core.comparison import SEEDS

HELP = (
    f"Adds runs with the same settings and other seeds to the queue until there are {SEEDS}, and opens Compare with all of them: one curve with the "
    "band of seeds, and a side that stands for the settings rather than for one network. Runs that exist count. The images of each part stay the "
    "same: only initial weights, the order of images and other random draws change."
)


def draw_repeat(view: RunView) -> None:
    """The button; none where other seeds give the same network, and for a run whose settings were changed during training."""
    if view.spec is None or not view.spec.head.seeded or view.live_changes:
        return
    if st.button(f"Run with {SEEDS} seeds", icon=":material/repeat:", key="seeds", help=HELP):
        repeating.ask(view.run.id)
        navigation.go("compare", runs=view.run.id)
