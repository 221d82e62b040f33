"""What can be done to runs, and what went wrong at the last click, kept until you dismiss it.

An action that is done already, or no longer possible, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui.markdown import plain
from tl_core import store
from tl_core.errors import BadInput
from tl_core.store import QUEUED, RUNNING, Notes, Run, checkpoints, read_state
from tl_core.store.checkpoints import ENDED_EARLY
from tl_core.store.disk import used

Problems = tuple[str, ...]
"""A sentence for each thing that could not be done."""


def attempt(page: str, act: Callable[..., Problems], *given: object) -> None:
    """Does something and keeps what could not be done. For buttons' callbacks: they run once a click."""
    st.session_state[_key(page)] = act(*given)


def draw_problems(page: str) -> None:
    """Draws what could not be done on a page, with a button that puts it away."""
    problems: Problems = st.session_state.get(_key(page), ())
    if not problems:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error("  \n".join(map(plain, problems)), icon=":material/error:")
        st.button("Dismiss", key=f"{page}_dismiss", on_click=lambda: st.session_state.pop(_key(page), None))


def _key(page: str) -> str:
    return f"{page}_problems"


Act = Callable[[Path, Iterable[str]], Problems]
"""Something that is done to the runs of these ids."""


@dataclass(frozen=True)
class Contents:
    """What deleting takes away; bytes: on this disk."""

    runs: int = 0
    checkpoints: int = 0
    bytes: int = 0


def resume(models: Path, ids: Iterable[str]) -> Problems:
    """Puts runs at the end of the queue, in this order."""

    def act(run: Run) -> None:
        if store.read_state(run).status in ENDED_EARLY:
            store.queue.add(run)

    return _each(models, ids, act)


def export(models: Path, ids: Iterable[str]) -> Problems:
    """Puts runs that ended before their last epoch at the end of the queue, to export the best so far."""

    def act(run: Run) -> None:
        if (status := read_state(run).status) != QUEUED:
            checkpoints.check_exportable(run, status)
            store.queue.add(run, "export")

    return _each(models, ids, act)


def stop(models: Path, ids: Iterable[str]) -> Problems:
    """Requests that running runs stop after the current batch."""
    return _each(models, ids, store.request_stop)


def delete(models: Path, ids: Iterable[str]) -> Problems:
    """Deletes runs with all they hold; one that trains stays, and one that waits leaves the queue."""
    return _each(models, ids, store.delete)


def cancel(models: Path, ids: Iterable[str]) -> Problems:
    """Takes runs out of the queue."""
    return _each(models, ids, store.queue.cancel)


def move(models: Path, run_id: str, places: int) -> Problems:
    """Moves a run in the queue; -1 is one earlier."""
    return _each(models, (run_id,), lambda run: store.queue.move(run, places))


def annotate(models: Path, run_id: str, notes: Notes) -> Problems:
    """Gives a run a title, tags and a note."""
    return _each(models, (run_id,), lambda run: store.write_notes(run, notes))


def delete_checkpoint(models: Path, run_id: str, epoch: int) -> Problems:
    """Deletes the weights of an epoch that nothing needs."""
    return _each(models, (run_id,), lambda run: checkpoints.remove(run, epoch))


def is_training(models: Path, run_id: str) -> bool:
    """True while a process trains the run; False if it does not exist."""
    run = _found(models, run_id)
    return run is not None and store.read_state(run).status == RUNNING


def contents(models: Path, ids: Iterable[str]) -> Contents:
    """What deleting these runs would take away."""
    found = [run for run in (_found(models, run_id) for run_id in ids) if run]
    return Contents(len(found), sum(map(_checkpoints, found)), sum(used(run.folder).bytes for run in found))


def _checkpoints(run: Run) -> int:
    try:
        return len(checkpoints.kept(run))
    except BadInput:  # Damaged: their files are counted in bytes all the same.
        return 0


def _each(models: Path, ids: Iterable[str], act: Callable[[Run], object]) -> Problems:
    problems = []
    for run in filter(None, (_found(models, run_id) for run_id in ids)):
        try:
            act(run)
        except BadInput as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{run.id}: {error.strerror or error}. Check the permissions of its folder.")
    return tuple(problems)


def _found(models: Path, run_id: str) -> Run | None:
    """The run; None if it was deleted meanwhile."""
    try:
        return store.get_run(models, run_id)
    except BadInput:
        return None
