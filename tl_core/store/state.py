"""How far a run is, and whether that is still true."""

from __future__ import annotations

from typing import Any

from tl_core.errors import BadInput
from tl_core.files import read_json, write_json
from tl_core.store import entries, processes
from tl_core.store.run import FAILED, INTERRUPTED, QUEUED, RUNNING, STATUSES, Run

DIED = "The process that trained it ended without a word; resume goes on from the last epoch."
NEVER_BEGAN = "It was not started before the lab was closed; resume starts it."


def read_state(run: Run) -> dict[str, Any]:
    """How far a run is, with its true status, which is derived where it can be.

    A run whose process is gone is never "running"; one that stands in the queue, new or to be resumed, is "queued".
    """
    try:
        state = _stored_state(run)
    except (OSError, ValueError, BadInput) as error:
        return {"status": FAILED, "message": f"state.json cannot be read ({error}); resume writes it anew."}
    stored = state["status"]
    if stored in (RUNNING, QUEUED) and processes.is_alive(state.get("pid"), state.get("process_started")):
        return state  # Trained right now; or made right now, by a process that is about to train or queue it.
    if entries.holds(run):
        return {**state, "status": QUEUED, "message": ""}
    if stored == RUNNING:
        return {**state, "status": INTERRUPTED, "message": DIED}
    return {**state, "status": INTERRUPTED, "message": NEVER_BEGAN} if stored == QUEUED else state


def write_state(run: Run, **changes: Any) -> dict[str, Any]:
    """Changes some entries of the state; only the process that holds the run does this."""
    try:
        before = _stored_state(run)
    except (OSError, ValueError, BadInput):  # Whoever holds the run knows more of it than a damaged file.
        before = {}
    state = {**before, **changes}
    write_json(run.folder / "state.json", state)
    return state


def stored_status(run: Run) -> str | None:
    """The status as it was written last, true or not; None where the file is damaged."""
    try:
        return str(_stored_state(run)["status"])
    except (OSError, ValueError, BadInput):
        return None


def _stored_state(run: Run) -> dict[str, Any]:
    state = read_json(run.folder / "state.json")
    if not isinstance(state, dict) or state.get("status") not in STATUSES:
        raise ValueError("it names no status")
    return state
