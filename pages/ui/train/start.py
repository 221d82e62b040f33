"""The title, Train and Add to queue: from a draft to a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.ui import navigation
from pages.ui.markdown import plain
from pages.ui.train import draft, fork_origin
from pages.ui.train.draft import owner, problem_text, problems_without_field, spec_from, title_of
from pages.ui.train.plan_view import PlanView, problems_of
from tl_core import forks, store
from tl_core.errors import BadInput, Problem
from tl_core.experiment.naming import LONGEST_TITLE, Origin, automatic_title
from tl_core.experiment.spec import ExperimentSpec
from tl_core.supervisor import workers
from tl_core.text import counted

TITLE = "train.title"

_GO, _ADDED, _NEW, _FAILED, _LAST = "train.go", "train.added", "train.new", "train.failed", "train.last"

_WISHED = "train.wished"

ONE_CLICK = 1.5
"""Seconds in which two clicks on one button for the same experiment are one double click."""


def suggested_title(models: Path, spec: ExperimentSpec) -> str:
    """What a run of this experiment is called if you give it no title."""
    found = fork_origin.parent(models, spec)
    origin = Origin(found.title, spec.start.epoch, found.spec) if found and spec.start.epoch is not None else None
    return automatic_title(spec, origin)


def follow_click() -> None:
    """Goes to the run that a click on Train has just made; call it before anything is drawn."""
    if run_id := st.session_state.pop(_GO, None):
        navigation.go("run", run=run_id)


def draw_start(view: PlanView) -> None:
    """The title, the buttons, and what keeps them from being pressed."""
    st.text_input(
        "Title",
        key=TITLE,
        placeholder=suggested_title(view.models, view.spec),
        help="The name of the run in tables and charts. Empty: the suggested title.",
        max_chars=LONGEST_TITLE,
        persist_state="session",
        on_change=draft.touch,
    )
    _problems(view)
    ahead = _ahead(view.models)
    if ahead and not view.problems:
        st.caption(f":material/hourglass_top: It will start after {counted(ahead, 'other run')}.")
    with st.container(horizontal=True, key="start"):
        blocked = bool(view.problems)
        _button("Train", ":material/play_arrow:", _GO, view, blocked, "primary")
        _button("Add to queue", ":material/playlist_add:", _ADDED, view, blocked, "secondary")
    _last_click()


def wish(view: PlanView) -> None:
    """Asks an idle worker to prefetch what is set up here, each time it changed."""
    if not view.problems and st.session_state.get(_WISHED) != view.spec:
        st.session_state[_WISHED] = view.spec
        store.prefetch.wish(view.models, view.spec)


def _button(
    label: str, icon: str, after: str, view: PlanView, blocked: bool, kind: Literal["primary", "secondary"]
) -> None:
    st.button(
        label,
        key=f"start:{after}",
        icon=icon,
        type=kind,
        disabled=blocked,
        help="Fix the errors above first." if blocked else None,
        on_click=_start,
        args=(view.models, after),
    )


def _start(models: Path, after: str) -> None:
    """Makes the run, in a callback: those run once for each click, and before anything is drawn."""
    draft.touch()
    spec, problems = spec_from(draft.values())
    title = st.session_state.get(TITLE, "").strip()
    now, same = time.monotonic(), (spec.digest(), title, after)
    before, last = st.session_state.get(_LAST, (0.0, None))
    if problems or (last == same and now - before < ONE_CLICK):
        return
    if problems_of(spec, models):  # A field can be changed and the button pressed before the page is drawn again.
        return
    st.session_state[_LAST] = (now, same)
    try:
        st.session_state[after] = st.session_state[_NEW] = _made(models, spec, title)
    except BadInput as error:
        st.session_state[_FAILED] = error.problems


def _made(models: Path, spec: ExperimentSpec, title: str) -> str:
    run = forks.create(models, spec.anchored(), title)
    store.queue.add(run)
    return run.id


def _ahead(models: Path) -> int:
    """Runs that come first: those that wait and those that train."""
    training = {worker.run for worker in workers(models) if worker.run}
    return len(training | {run.id for run in store.queue.waiting(models)})


def _problems(view: PlanView) -> None:
    """What has no field of its own in full, the others by the names of their fields."""
    lone = problems_without_field(view.problems)
    for problem in lone:
        st.error(plain(str(problem)), icon=":material/error:")
    fields = list(dict.fromkeys(title_of(problem.path) for problem in view.problems if problem not in lone))
    if fields:
        st.warning(f"Before it can be trained, fix: **{plain(', '.join(fields))}**.", icon=":material/error:")
    idle = [owner(problem.path, view.draft.values) for problem in view.problems if "no effect" in problem.message]
    with st.container(horizontal=True):
        if len(idle) > 1:
            st.button(
                "Reset them all",
                key="reset:all",
                type="tertiary",
                icon=":material/undo:",
                on_click=draft.reset,
                args=tuple(dict.fromkeys(filter(None, idle))),
            )
        if view.draft.refused:
            st.button(
                "Ignore the rejected settings",
                key="accept",
                type="tertiary",
                icon=":material/check:",
                on_click=draft.accept,
            )


def _last_click() -> None:
    """What the last click came to."""
    failed: tuple[Problem, ...] = st.session_state.pop(_FAILED, ())
    for problem in failed:
        st.error(plain(problem_text(problem)), icon=":material/error:")
    if run_id := st.session_state.get(_ADDED):
        navigation.link("run", "Added to the queue: open it", icon=":material/playlist_add_check:", run=run_id)
        if st.session_state.pop(_NEW, None):
            st.toast("Added to the queue.", icon=":material/playlist_add_check:")
