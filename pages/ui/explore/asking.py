"""Asking an exploration and showing its result while and after it runs: what all kinds share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.common import status_text
from pages.ui.explore import addresses, kept
from pages.ui.explore.subject import Subject
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core import explorations, sentences
from tl_core.errors import BadInput, Problem
from tl_core.explorations import Asked, Exploration, ExplorationState, Kind
from tl_core.records import Status
from tl_core.service import exploring
from tl_core.store import stage_seconds_left
from tl_core.text import duration

_FAILED = "explore_failed"
"""Why the last click started nothing."""


@dataclass(frozen=True)
class Shown:
    """A result that is shown.

    Attributes:
        result: Of the type of its kind, also so far.
        running: Whether there is more to come.
    """

    models: Path
    exploration: Exploration
    asked: Asked
    state: ExplorationState
    result: Any

    @property
    def running(self) -> bool:
        return self.state.status not in explorations.ENDED


@dataclass(frozen=True)
class View:
    """How one kind is asked and shown.

    Attributes:
        kind: The row of `explorations.KINDS`.
        button: What the button says.
        options: Draws the options and returns them typed; None if they cannot be used, which it has said.
        problems: What keeps a spec with these options from being explored, beside the problems of a run.
        result: Draws a result, also so far.
    """

    kind: Kind
    button: str
    options: Callable[[Subject], Any]
    problems: Callable[[Subject, Any], Sequence[Problem]]
    result: Callable[[Shown], None]


def draw_exploration(view: View, models: Path, subject: Subject) -> None:
    """Options and button, the result, and the list of what was kept."""
    exploring.start(models)  # So that it is warm when the button is pressed.
    options = view.options(subject)
    asked = None if options is None else Asked(view.kind, subject.spec, options, subject.images)
    problems = [] if asked is None or subject.problems else list(view.problems(subject, options))
    for problem in problems:
        st.error(plain(str(problem)), icon=":material/error:")
    chosen = explorations.known(models, addresses.kept_id())
    shown = chosen or (explorations.latest(models, asked) if asked else None)
    again = shown is not None and asked is not None and _answers(shown, asked)
    _button(view, models, asked, again, blocked=bool(subject.problems or problems))
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(plain(failed), icon=":material/error:")
    if addresses.kept_id() and chosen is None:
        st.warning("There is no such result; it may have been deleted.", icon=":material/search_off:")
    if shown is not None:
        if explorations.asked_of_others(shown, subject.images):
            said = "The images have changed since this was asked; the answer is about those that were there then."
            st.warning(f"{said} *{view.button}* asks about those that are there now.", icon=":material/history:")
        _live(view, models, shown.id, _drawn_elsewhere(models, shown))
    kept.draw_kept(models, view.kind)


def _answers(shown: Exploration, asked: Asked) -> bool:
    """Whether an exploration has answered just what the page would ask now, of the same images."""
    if not explorations.asks(shown, asked) or explorations.asked_of_others(shown, asked.images):
        return False
    return explorations.read_state(shown).status == Status.FINISHED


def _button(view: View, models: Path, asked: Asked | None, again: bool, blocked: bool) -> None:
    st.button(
        f"{view.button} again" if again else view.button,
        key="explore_start",
        icon=":material/play_arrow:",
        type="secondary" if again else "primary",
        disabled=asked is None or blocked,
        help="It was answered before; what was found stands below." if again else None,
        on_click=_start,
        args=(models, asked),
    )


def _start(models: Path, asked: Asked) -> None:
    try:
        exploration = exploring.explore(models, asked)
    except BadInput as error:
        st.session_state[_FAILED] = str(error)
        return
    addresses.show_kept(asked.kind.name, exploration.id)


def _drawn_elsewhere(models: Path, exploration: Exploration) -> tuple[str, ...]:
    """What the rest of the page, such as the list of kept results, shows of the live part: when it changes, all is drawn again."""
    beside = explorations.known(models, addresses.beside_id())
    statuses = [explorations.read_state(one).status for one in (exploration, beside) if one]
    return addresses.beside_id(), *statuses


@st.fragment(key="explored")
def _live(view: View, models: Path, exploration_id: str, drawn: tuple[str, ...]) -> None:
    """drawn: What the rest of the page was drawn for."""
    follow(key="explored_changes", exploration=exploration_id)
    exploration = explorations.known(models, exploration_id)
    if exploration is None:  # Deleted, here or elsewhere.
        st.rerun()
    if _drawn_elsewhere(models, exploration) != drawn:
        st.rerun()
    try:
        shown = read_shown(exploration)
    except BadInput as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return
    draw_state(shown)
    if shown.result is not None:
        view.result(shown)


def read_shown(exploration: Exploration) -> Shown:
    """What there is of an exploration now; raises Damaged if a file cannot be read, BadInput if it was deleted."""
    asked, result = explorations.read_asked(exploration), explorations.read_result(exploration)
    return Shown(exploration.models, exploration, asked, explorations.read_state(exploration), result)


def draw_state(shown: Shown, key: str = "explore") -> None:
    """Progress with the time left and Cancel, or how it ended.

    Args:
        key: What the keys of widgets begin with.
    """
    state = shown.state
    if shown.running:
        _draw_progress(shown, key)
    elif state.status == Status.FINISHED:
        # With the day: folders of images change, and an answer is of those that were there.
        st.caption(f"Asked on {shown.exploration.when}, answered in {duration(state.seconds or 0)}.")
    elif state.status == Status.STOPPED:
        kept_so_far = "" if shown.result is None else " This is what it had found until then."
        st.warning(f"It was cancelled.{kept_so_far}", icon=":material/cancel:")
    else:
        st.error(plain(state.message), title=f"It {state.status}.", icon=":material/error:")


def _draw_progress(shown: Shown, key: str) -> None:
    try:
        progress = explorations.read_progress(shown.exploration)
    except BadInput:  # Damaged: its process writes it anew in a moment.
        progress = None
    if progress is None:
        doing, share = "Waiting for its process" if shown.state.status == Status.QUEUED else "Starting", 0.0
    else:
        said = sentences.progress_title(progress.activity, progress.done, progress.total)
        doing = " · ".join(filter(None, [said, status_text.time_left(stage_seconds_left(progress))]))
        share = status_text.stage_share(progress)
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_progress"):
        st.progress(share, plain(f"{doing}…"))
        st.button(
            "Cancel",
            key=f"{key}_cancel",
            icon=":material/close:",
            on_click=explorations.request_stop,
            args=(shown.exploration,),
            disabled=explorations.stop_requested(shown.exploration),
        )
