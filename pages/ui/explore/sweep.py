"""Which settings? A sweep: many combinations of settings as ordinary runs, and the one with the lowest validation loss."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from pages.ui.explore import addresses, sweep_form, sweep_view
from pages.ui.explore.kept_list import draw_list
from pages.ui.explore.subject import Subject, spec_of_kept
from pages.ui.markdown import plain
from tl_core import sweeps
from tl_core.errors import BadInput
from tl_core.sweeps import Sweep, SweepStatus

NAME, TITLE = "sweep", "Which settings?"
HELP = (
    "Trains a run for many combinations of any settings, and finds the one with the lowest validation loss. For settings of a head on frozen "
    "features alone, *How much regularisation?* answers within seconds."
)


def draw(models: Path, subject: Subject) -> None:
    """The form, or the sweep that the address names; and the list of all sweeps."""
    kept = sweeps.known(models, addresses.kept_id())
    if addresses.kept_id() and kept is None:
        st.warning("There is no such sweep; it may have been deleted.", icon=":material/search_off:")
    if kept is None:
        sweep_form.draw_form(models, subject)
    else:
        sweep_view.draw_sweep(models, kept)
    draw_list(sweeps.sweeps(models), "Sweeps", "sweep_kept", _draw_line)


def _draw_line(sweep: Sweep) -> None:
    state = sweeps.read_state(sweep)
    with st.container(horizontal=True, vertical_alignment="center", key=f"sweep_{sweep.id}"):
        addresses.draw_open(NAME, sweep.id, plain(f"{sweep.when}: {sweeps.title_of(sweep)}"))
        st.caption(str(state.status))
        st.button(
            "Delete",
            key=f"forget_{sweep.id}",
            type="tertiary",
            icon=":material/delete:",
            help="Deletes the sweep; its runs stay.",
            disabled=state.status == SweepStatus.OPEN,
            on_click=_delete,
            args=(sweep,),
        )


def _delete(sweep: Sweep) -> None:
    if addresses.kept_id() == sweep.id:
        addresses.show_question(NAME, spec_of_kept(sweep.models))
    with suppress(BadInput):  # In another tab it was deleted, or goes on: the list shows that.
        sweeps.delete(sweep)
