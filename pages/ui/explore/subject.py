"""The experiment that is explored: what is set up on the Train page, that of the address, that of a kept result, or that of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_list, spec_sharing
from pages.ui.common.planning import planned
from pages.ui.common.settings_text import changed_settings
from pages.ui.explore import addresses
from pages.ui.markdown import plain
from tl_core import explorations, store, sweeps
from tl_core.data.sources import short_name
from tl_core.errors import BadInput, Problem
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec

CHOICE = "explore_subject"

DRAFT, ADDRESS = "draft", "address"
"""Choices that are no run: what is set up on the Train page, and what the address names."""

MOST_RUNS = 30


@dataclass(frozen=True)
class Subject:
    """The experiment that is explored.

    Attributes:
        spec: Without the settings that have no effect.
        problems: What keeps it from being explored, and from being trained.
        images: The fingerprint of its images; empty if they cannot be listed.
    """

    spec: ExperimentSpec
    problems: tuple[Problem, ...]
    images: str = ""


def choose_subject(models: Path) -> Subject:
    """Draws the choice and what is chosen, in a line."""
    spec, problems = _addressed(models)
    with st.container(horizontal=True, vertical_alignment="bottom", key="explore_subject_row"):
        _choose(models)
        navigation.link("train", "Change its settings", **spec_sharing.to_query_params(spec))
    with st.spinner("Listing the images…"):
        active, dataset, made = planned(spec, models)
    problems = problems or made.problems
    st.caption(_said(active.spec))
    for problem in problems:
        st.error(plain(str(problem)), icon=":material/error:")
    return Subject(active.spec, problems, dataset.fingerprint if dataset else "")


def drafted() -> ExperimentSpec:
    """What is set up on the Train page; the first preset as long as nothing is."""
    held = st.session_state.get(spec_sharing.DRAFT)
    try:
        return ExperimentSpec().with_values(spec_sharing.from_query_params(held)) if held else _first()
    except BadInput:  # The Train page says what is wrong.
        return _first()


def _first() -> ExperimentSpec:
    return next(iter(PRESETS)).spec()


def _addressed(models: Path) -> tuple[ExperimentSpec, tuple[Problem, ...]]:
    """The experiment of the address, and what is wrong with it."""
    try:
        if kept := _kept(models):
            return kept, ()
        if given := addresses.settings():
            return ExperimentSpec().with_values(spec_sharing.from_query_params(given)), ()
    except BadInput as error:
        return _first(), error.problems
    return drafted(), ()


def _kept(models: Path) -> ExperimentSpec | None:
    if kept := explorations.known(models, addresses.kept_id()):
        return explorations.read_asked(kept).spec
    if sweep := sweeps.known(models, addresses.kept_id()):
        return sweeps.read_spec(sweep).base
    return None


def spec_of_kept(models: Path) -> ExperimentSpec | None:
    """The experiment of the result that the address names; None if it names none, or its file cannot be read."""
    try:
        return _kept(models)
    except BadInput:
        return None


def _choose(models: Path) -> None:
    rows = [row for row in run_list.rows(models) if row.status != run_list.UNREADABLE][:MOST_RUNS]
    labels = {DRAFT: "What is set up on the Train page", **run_list.labels_of(rows)}
    named = bool(addresses.settings() or addresses.kept_id())
    if named:
        labels = {ADDRESS: "The settings below", **labels}
    st.session_state[CHOICE] = ADDRESS if named else DRAFT
    st.selectbox(
        "Experiment",
        list(labels),
        key=CHOICE,
        format_func=lambda choice: labels.get(choice, choice),
        on_change=_chosen,
        args=(models,),
        help="The experiment that the question is about: what you set up on the Train page, or the settings of a run.",
    )


def _chosen(models: Path) -> None:
    chosen = st.session_state[CHOICE]
    if chosen == ADDRESS:
        return
    run = store.known(models, chosen)
    try:
        addresses.show_settings(store.read_spec(run) if run else None)
    except BadInput:  # Deleted or damaged meanwhile: the list shows that when it is drawn again.
        addresses.show_settings(None)


def _said(spec: ExperimentSpec) -> str:
    """For example "playground · EfficientNetLite0 · dropout 0.5"."""
    parts = (short_name(spec.data.source), spec.backbone.name, changed_settings(spec))
    return plain(" · ".join(filter(None, parts)))
