"""The title, Train and Add to queue: from a draft to a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.ui import navigation
from pages.ui.common.planning import startable
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.draft import owner, problem_text, problems_without_field, spec_from, title_of
from pages.ui.train.fork_parent import Parent
from pages.ui.train.plan_view import PlanView
from tl_core import forks, store
from tl_core.errors import BadInput, Problem
from tl_core.experiment.naming import LONGEST_TITLE, Origin, automatic_title
from tl_core.experiment.spec import ExperimentSpec
from tl_core.supervisor import workers
from tl_core.text import counted

TITLE = "train.title"

_GO, _ADDED, _NEW, _FAILED, _LAST = "train.go", "train.added", "train.new", "train.failed", "train.last"

_PRESSED, _WISHED = "train.pressed", "train.wished"

ONE_CLICK = 1.5
"""Seconds in which two clicks on one button for the same experiment are one double click."""


def suggested_title(spec: ExperimentSpec, parent: Parent | None = None) -> str:
    """What a run of this experiment is called if you give it no title."""
    origin = Origin(parent.title, spec.start.epoch, parent.spec) if parent and spec.start.epoch is not None else None
    return automatic_title(spec, origin)


def follow_click(models: Path) -> None:
    """Makes the run of a click on Train, and goes to it; call it before anything is drawn.

    Not in the callback of the button: what was typed just before may be among the callbacks that come after it.
    """
    if after := st.session_state.pop(_PRESSED, None):
        _start(models, after)
    if run_id := st.session_state.pop(_GO, None):
        navigation.go("run", run=run_id)


def draw_buttons(view: PlanView) -> None:
    """Train and Add to queue."""
    with st.container(horizontal=True, width="content", key="start"):
        blocked = bool(view.problems)
        _button("Train", ":material/play_arrow:", _GO, view, blocked, "primary", "Ctrl+Enter")
        _button("Add to queue", ":material/playlist_add:", _ADDED, view, blocked, "secondary")


def draw_start(view: PlanView) -> None:
    """The title, what keeps it from being started, and what became of the last click."""
    st.text_input(
        "Title",
        key=TITLE,
        placeholder=suggested_title(view.spec, view.parent),
        help="The name of the run in tables and charts. Empty: the suggested title.",
        max_chars=LONGEST_TITLE,
        persist_state="session",
        on_change=draft.touch,
    )
    _problems(view)
    ahead = _ahead(view.models)
    if ahead and not view.problems:
        st.caption(f":material/hourglass_top: It will start after {counted(ahead, 'other run')}.")
    _last_click()


def wish(view: PlanView) -> None:
    """Asks an idle worker to prefetch what is set up here, each time it changed."""
    if not view.problems and st.session_state.get(_WISHED) != view.spec:
        st.session_state[_WISHED] = view.spec
        store.prefetch.wish(view.models, view.spec)


def _button(
    label: str,
    icon: str,
    after: str,
    view: PlanView,
    blocked: bool,
    kind: Literal["primary", "secondary"],
    key: str = "",
) -> None:
    st.button(
        label,
        key=f"start:{after}",
        icon=icon,
        type=kind,
        disabled=blocked,
        help="Fix the marked settings first." if blocked else key or None,
        on_click=_pressed,
        args=(after,),
    )


def _pressed(after: str) -> None:
    draft.touch()
    st.session_state[_PRESSED] = after


def _start(models: Path, after: str) -> None:
    typed, problems = spec_from(draft.values())
    # A field can be changed and the button pressed before the page is drawn again.
    spec = None if problems else startable(typed, models)
    if spec is None:
        return
    title = st.session_state.get(TITLE, "").strip()
    now, same = time.monotonic(), (spec.digest(), title, after)
    before, last = st.session_state.get(_LAST, (0.0, None))
    if last == same and now - before < ONE_CLICK:
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
    owners = [owner(problem.path, view.draft.values) for problem in view.problems if "no effect" in problem.message]
    with st.container(horizontal=True):
        if len(owners) > 1:
            st.button(
                "Reset them all",
                key="reset:all",
                type="tertiary",
                icon=":material/undo:",
                on_click=draft.restore,
                args=({path: view.unchanged(path) for path in owners if path},),
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
