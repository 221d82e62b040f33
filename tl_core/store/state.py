"""How far a run is, whether that is still true, and what can be asked of it: to stop, to be deleted."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import asdict, replace
from typing import Any

from tl_core.errors import BadInput
from tl_core.files import TEMPORARY, read_json, write_json
from tl_core.records import RunState
from tl_core.store import processes
from tl_core.store.run import FAILED, INTERRUPTED, QUEUED, RUNNING, Run, held

DIED = "The process that trained it ended unexpectedly."
NEVER_BEGAN = "The lab was closed before it started."
DAMAGED = (OSError, ValueError, BadInput)
"""What reading a state raises where it is gone or names no status."""


def read_state(run: Run) -> RunState:
    """How far a run is, with its true status, which is derived where it can be.

    A run whose process is gone is never "running"; one that stands in the queue, new or to be resumed, is "queued".
    """
    try:
        state = stored_state(run)
    except DAMAGED as error:
        return RunState(FAILED, f"state.json cannot be read ({error}).")
    if state.status in (RUNNING, QUEUED) and processes.is_alive(state.pid, state.process_started):
        return state  # Trained right now; or made right now, by a process that is about to train or queue it.
    if run.queue_entry.exists():
        return replace(state, status=QUEUED, message="")
    if state.status == RUNNING:
        return replace(state, status=INTERRUPTED, message=DIED)
    return replace(state, status=INTERRUPTED, message=NEVER_BEGAN) if state.status == QUEUED else state


def write_state(run: Run, **changes: Any) -> RunState:
    """Changes some fields of the state; only the process that holds the run does this.

    Raises:
        TypeError: for a field that `RunState` does not have.
    """
    file = run.folder / "state.json"
    try:
        stored = read_json(file)
        before = RunState.from_json(stored)
    except DAMAGED:  # The process that holds the run knows more of it than a damaged file.
        before, stored = RunState(FAILED), {}
    state = replace(before, **changes)
    values = asdict(state)
    # What is not changed stays as it is, also what another version wrote.
    write_json(file, {**stored, **{name: values[name] for name in changes}})
    return state


def stored_state(run: Run) -> RunState:
    """The state as it was written last, true or not.

    Raises:
        OSError, ValueError, BadInput: where the file is gone or damaged.
    """
    return RunState.from_json(read_json(run.folder / "state.json"))


def stored_status(run: Run) -> str | None:
    """The status as it was written last, true or not; None where the file is damaged."""
    try:
        return stored_state(run).status
    except DAMAGED:
        return None


def request_stop(run: Run) -> None:
    """Asks the process that trains a run to stop after the batch in flight. Where none does, nothing happens."""
    if read_state(run).status == RUNNING:
        (run.folder / "stop").touch()


def stop_requested(run: Run) -> bool:
    return os.path.exists(f"{run.folder}/stop")  # noqa: PTH110 (looked for ten times a second)


def forget_stop(run: Run) -> None:
    """Clears a request to stop, which is for the process that trains now: to be called where training begins and ends."""
    (run.folder / "stop").unlink(missing_ok=True)


def delete(run: Run) -> None:
    """Removes a run with all it holds. It is gone at once or not at all: its folder is renamed, then emptied.

    Raises:
        BadInput: where a process is training it, or it is gone already.
    """
    with held(run):
        run.queue_entry.unlink(missing_ok=True)
        doomed = run.folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{run.id}")
        run.folder.rename(doomed)
    shutil.rmtree(doomed)
