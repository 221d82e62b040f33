"""The first page: every run, as it is right now."""

from __future__ import annotations

import streamlit as st

from pages.ui import first_steps
from pages.ui.runs import overview, table
from tl_core.store import models_folder

BUSY, QUIET = 1.0, 3.0  # Seconds between two looks at the runs folder: while a run goes on, and while none does.

models = models_folder()


def mode_of(shown: tuple[overview.Row, ...]) -> tuple[bool, bool]:
    """What decides how the page is laid out and how often it looks: are there runs, and does one go on?"""
    return bool(shown), overview.is_active(shown)


any_runs, going_on = mode = mode_of(overview.rows(models))


@st.fragment(run_every=BUSY if going_on else QUIET, key="live")
def live() -> None:
    shown = overview.rows(models)
    if mode_of(shown) != mode:
        st.rerun()
    if shown:
        table.draw(shown)


st.title("TL Lab")
st.markdown(
    "Teach a network that has seen a million photos to tell yours apart, and watch where it stops learning and begins to memorise."
)
live()
with st.expander("Start another run" if any_runs else "No runs yet: start the first one", expanded=not any_runs):
    first_steps.draw(models)
