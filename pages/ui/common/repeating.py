"""The same experiment with other seeds: asked for on the page of a run, queued by the Compare page, which shows them.

Not queued where it is asked for: new runs make the live parts of pages rerun, and a request for one that arrives while the server changes to
another page leaves that page empty (Streamlit 1.67).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tl_core import store
from tl_core.comparison import repetition

_ASKED = "repeat_run"


def ask(run_id: str) -> None:
    """Asks for a run to be repeated with other seeds; the Compare page, opened next, does it."""
    st.session_state[_ASKED] = run_id


def queue_asked(models: Path) -> list[str]:
    """Queues what is missing of the seeds of the run that was asked for; the ids of all, or none if nothing was asked.

    Raises:
        BadInput: it cannot be done.
    """
    asked = st.session_state.pop(_ASKED, None)
    return _queued(store.get_run(models, asked)) if asked else []


def _queued(run: store.Run) -> list[str]:
    spec, state, notes = store.read_spec(run), store.read_state(run), store.read_notes(run)
    title = store.title_of(run) if store.name_of(run, spec, state, notes).by_hand else ""
    found = repetition(run.models, spec)
    made = [found.create(run.models, seed, title) for seed in found.missing]
    for new in made:
        store.queue.add(new)
    return [each.id for each in (*found.runs, *made)]
