"""What a run will do, said before it starts."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from pages.ui.forms.planning import View
from pages.ui.setting_table import Cell
from pages.ui.text import duration, plain, size
from tl_core.plan import PhasePlan, Plan, Technique
from tl_core.plan.costs import BEGINNING_AND_END

TECHNIQUES = ("Technique", "Acts on", "What it does")

MOST_SKIPPED = 50
"""Left-out files that are named; a folder may hold thousands of them."""


def figures(view: View) -> None:
    """What the run will take."""
    made = view.plan
    if not made.images:
        st.caption("What the run will do stands here once the data can be read.")
        return
    with st.grid(2, min_column_width=120, gap="small"):
        st.metric("Takes about", duration(made.seconds), help="An estimate, right within a factor of two or so.")
        st.metric("Weights that train", _short(made.trainable), help=f"{made.trainable:,} of {made.parameters:,}.")
        st.metric("Memory", size(made.memory_bytes), help="An estimate of what training holds.")
        st.metric(
            "Disk",
            size(made.disk_bytes),
            help="Decoded images, stored features, checkpoints and export, at most; what is there already is not counted.",
        )


def details(view: View) -> None:
    """Images, phases, what is stored and why, and what a person should know of the data."""
    made = view.plan
    if not made.images:
        return
    st.markdown(_images(made))
    st.markdown(_table(made))
    for reason in dict.fromkeys(plan.reason for plan in made.phases):
        st.caption(f":material/info: {plain(reason)}")
    for remark in made.remarks:
        st.caption(f":material/warning: {plain(remark)}")
    _techniques(made)
    _skipped(view)


def _techniques(made: Plan) -> None:
    """What acts on which layers, folded."""
    if not made.techniques:
        return
    with st.expander("What each technique acts on", icon=":material/tune:", key="techniques"):
        # As a list: beside the form there is no room for a table.
        for line in made.techniques:
            st.markdown(f"**{plain(line.what)}** · {plain(line.where)}  \n:small[:gray[{plain(line.effect)}]]")


def technique_rows(techniques: Iterable[Technique]) -> list[list[Cell]]:
    """A row a technique: what, where, and what it does there."""
    return [[Cell(line.what), Cell(line.where), Cell(line.effect)] for line in techniques]


def _images(made: Plan) -> str:
    images = made.images or {}
    counts = " · ".join(f"**{number:,}** {part}" for part, number in images.items())
    return f"{made.classes} classes; images: {counts}"


def _table(made: Plan) -> str:
    """The phases as a Markdown table."""
    what = "images read, network built" if made.seconds_decoding else "network built"
    lines = [
        "| Epochs | Trains | Features | About |",
        "| :--- | :--- | :--- | ---: |",
        f"| before | {what} | | {duration(made.seconds_decoding + BEGINNING_AND_END)} |",
        *map(_phase, made.phases),
    ]
    return "\n".join(lines)


def _phase(planned: PhasePlan) -> str:
    phase = planned.phase
    epochs = f"{phase.first} to {phase.last}" if phase.epochs > 1 else f"{phase.first}"
    above = f"head, blocks above {plain(phase.frozen)}" if phase.frozen else "everything"
    trains = above if phase.backbone_rate is not None else "head"
    return f"| {epochs} | {trains} | {_features(planned)} | {duration(planned.seconds)} |"


def _features(planned: PhasePlan) -> str:
    if not planned.cached:
        return "computed each epoch"
    return "stored already" if planned.stored else f"stored, {size(planned.feature_bytes)}"


def _skipped(view: View) -> None:
    skipped = view.dataset.skipped if view.dataset else ()
    if not skipped:
        return
    with st.expander(
        f"{len(skipped):,} {'file' if len(skipped) == 1 else 'files'} left out", icon=":material/visibility_off:"
    ):
        for file in skipped[:MOST_SKIPPED]:
            st.markdown(f"{plain(file.key)}: {plain(file.reason)}")
        if len(skipped) > MOST_SKIPPED:
            st.caption(f"and {len(skipped) - MOST_SKIPPED:,} more; a run's report names them all.")


def _short(number: int) -> str:
    return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number:,}"
