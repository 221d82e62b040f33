"""The Runs page before the first run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import places
from pages.ui.runs import first_steps


def draw(models: Path) -> None:
    """Says what a run is and how to start the first."""
    with st.container(border=True, key="no_runs"):
        st.markdown(
            "#### No runs yet\nTeach a network that has seen a million photos to tell yours apart, and watch where it stops "
            "learning and begins to memorise. The defaults train in under a minute, on pictures the lab draws itself."
        )
        st.button(
            "Set up the first run",
            type="primary",
            icon=":material/model_training:",
            on_click=places.go,
            args=("train",),
        )
    with st.expander("Or start one from a terminal"):
        first_steps.draw(models)
