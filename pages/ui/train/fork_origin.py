"""The line above the form of a fork: the run and the epoch it continues from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import navigation
from pages.ui.common import param_widgets
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.draft import problem_text, problems_of_field
from pages.ui.train.fork_parent import Parent
from pages.ui.train.plan_view import PlanView
from tl_core import forks, store
from tl_core.errors import BadInput, Problem
from tl_core.experiment.schedules import is_constant
from tl_core.experiment.wording import PARAMS

RUN, EPOCH, SCHEDULE = "start.run", "start.epoch", "start.schedule_from"


def draw_origin(view: PlanView) -> None:
    """Draws nothing if the experiment starts from pretrained weights."""
    values = view.draft.values
    if not values[RUN] and values[EPOCH] is None and not _problems(view):
        return
    found = view.parent
    with st.container(border=True, key="origin"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            title = plain(found.title if found else str(values[RUN] or "?"))
            st.markdown(
                f":material/fork_right: **Fork** of {title}", help=param_widgets.help_of(PARAMS[RUN]), width="content"
            )
            _epoch(view, found)
            if found:
                navigation.link("run", "Open it", run=str(values[RUN]))
            st.button(
                "Start from pretrained weights",
                icon=":material/close:",
                on_click=draft.restore,
                args=({RUN: "", EPOCH: None, SCHEDULE: None},),
                key="no_fork",
            )
        _schedule(view, found)
        for problem in _problems(view):
            st.markdown(f":small[:red[:material/error: {plain(problem_text(problem))}]]")
        st.caption(
            "The fork starts with the weights of that epoch and continues counting; the optimiser starts anew. "
            "Earlier epochs are shown with it, marked as inherited."
        )


def _epoch(view: PlanView, found: Parent | None) -> None:
    row, epoch = PARAMS[EPOCH], view.draft.values[EPOCH]
    key = f"{draft.FIELD}{EPOCH}"
    epochs = sorted({*(found.epochs if found else ()), *([epoch] if isinstance(epoch, int) else [])})
    st.session_state.setdefault(key, epoch)
    st.selectbox(
        "At epoch",
        epochs,
        key=key,
        index=None if epoch is None else 0,
        width=110,
        help=param_widgets.help_of(row),
        on_change=lambda: _go_on_from(view.models, st.session_state[key]),
    )


def _schedule(view: PlanView, found: Parent | None) -> None:
    """The choice between continuing the parent's schedule and starting it anew, where there is one to continue."""
    value = view.draft.values[SCHEDULE]
    known = found.spec if found else None
    began = known.start.schedule_from if known else value
    if began is None or (known and is_constant(view.spec.schedule)):
        return
    key = f"{draft.FIELD}{SCHEDULE}"
    st.session_state[key] = value is not None
    st.checkbox(
        f"Continue its schedule, which began with epoch {began}",
        key=key,
        help=param_widgets.help_of(PARAMS[SCHEDULE]),
        on_change=lambda: draft.put(SCHEDULE, began if st.session_state[key] else None),
    )


def _go_on_from(models: Path, epoch: int | None) -> None:
    """Takes another epoch, with what was left of the run there wherever the form still says what was left at the one before."""
    held = draft.values()
    was, now = (_left(models, held[RUN], at) for at in (held[EPOCH], epoch))
    untouched = [path for path in was if path in now and held[path] == was[path] != now[path]]
    draft.put(EPOCH, epoch)
    for path in untouched:
        draft.put(path, now[path])
        draft.forget(path)


def _left(models: Path, run_id: str | None, epoch: int | None) -> dict[str, Any]:
    """The settings of a fork at an epoch that changes nothing, by path; empty if they are unknown."""
    run = store.known(models, run_id) if run_id else None
    if run is None or epoch is None:
        return {}
    try:
        return forks.continued(run, epoch).flat()
    except BadInput:  # What is wrong with it stands among the problems of the plan.
        return {}


def _problems(view: PlanView) -> tuple[Problem, ...]:
    return tuple(problem for path in (RUN, EPOCH, SCHEDULE) for problem in problems_of_field(view.problems, path))
