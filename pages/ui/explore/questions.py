"""The questions of the Explore page: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui.explore import addresses, advice, depth_probe, head_map, learning_curve, sweep
from pages.ui.explore.asking import View, draw_exploration
from pages.ui.explore.subject import Subject, spec_of_kept
from tl_core import explorations
from tl_core.sweeps import known

CHOICE = "explore_question"


@dataclass(frozen=True)
class Question:
    """One row.

    Attributes:
        title: The question in a few words.
        help: What is done to answer it, in a sentence.
        draw: Draws options, button and results, from the models folder and the experiment.
        owns: Whether something that was kept belongs to it, by the models folder and its id.
    """

    name: str
    title: str
    help: str
    draw: Callable[[Path, Subject], None]
    owns: Callable[[Path, str], bool]


def _explored(view: View) -> Question:
    kind = view.kind
    return Question(kind.name, kind.question, kind.help, partial(draw_exploration, view), partial(_is_of, kind.name))


def _is_of(kind: str, models: Path, kept: str) -> bool:
    found = explorations.known(models, kept)
    return found is not None and explorations.kind_of(found) == kind


_SWEEP = Question(sweep.NAME, sweep.TITLE, sweep.HELP, sweep.draw, lambda models, kept: known(models, kept) is not None)

VIEWS = (head_map.VIEW, depth_probe.VIEW, learning_curve.VIEW, advice.VIEW)

QUESTIONS = {question.name: question for question in (*map(_explored, VIEWS), _SWEEP)}


def choose_question(models: Path) -> Question:
    """Draws the choice of a question. The address decides: the question it names, or that of the kept result."""
    asked, kept = st.query_params.get(addresses.QUESTION, ""), addresses.kept_id()
    of_kept = next((name for name, each in QUESTIONS.items() if kept and each.owns(models, kept)), None)
    first = next(iter(QUESTIONS))
    st.session_state[CHOICE] = of_kept or (asked if asked in QUESTIONS else first)
    chosen = st.segmented_control(
        "Question",
        list(QUESTIONS),
        key=CHOICE,
        format_func=lambda name: QUESTIONS[name].title,
        on_change=_chosen,
        args=(models,),
        label_visibility="collapsed",
        required=True,
    )
    question = QUESTIONS[chosen or first]
    st.markdown(question.help)
    return question


def _chosen(models: Path) -> None:
    if chosen := st.session_state[CHOICE]:
        addresses.show_question(chosen, spec_of_kept(models))
