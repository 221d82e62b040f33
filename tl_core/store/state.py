"""The state of a run, its current stage and the time left, and requests to stop or delete it."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from tl_core.errors import Damaged
from tl_core.files import UNREADABLE, is_full, read_json, replace_json, write_json
from tl_core.records import EpochRecord, PlannedPhase, Progress, RunState, from_json
from tl_core.store import processes
from tl_core.store.kept import put_aside
from tl_core.store.run import FAILED, INTERRUPTED, QUEUED, RUNNING, Run, held

DIED = "The process that trained it ended unexpectedly."

NEVER_BEGAN = "TL Lab was closed before it started."

RECENT = 5
"""Number of latest epochs used to estimate the next."""


def read_state(run: Run) -> RunState:
    """The state of a run, with its status derived where possible.

    A run whose process died is never "running"; a run in the queue, new or to be resumed, is "queued". One whose state cannot
    be read is "failed" with the reason, and its status is `malformed`.
    """
    try:
        state = stored_state(run)
    except UNREADABLE as error:
        return RunState(FAILED, _unreadable(error), malformed=("status",))
    if state.status in (RUNNING, QUEUED) and processes.is_alive(state.pid, state.process_started):
        return state  # It is being trained, or created by a process that is about to train or queue it.
    if run.queue_entry.exists():
        return replace(state, status=QUEUED, message="")
    if state.status == RUNNING:
        return replace(state, status=INTERRUPTED, message=DIED)
    return replace(state, status=INTERRUPTED, message=NEVER_BEGAN) if state.status == QUEUED else state


def _unreadable(error: Exception) -> str:
    return str(error) if isinstance(error, Damaged) else "state.json is missing. Restore it, or delete the run."


def write_state(run: Run, **changes: Any) -> RunState:
    """Changes some fields of the state; only for the process that holds the run lock.

    Raises:
        TypeError: a field that `RunState` does not have.
    """
    file = run.folder / "state.json"
    try:
        before, stored = read_json(file, lambda values: (RunState.from_json(values), values))
    except UNREADABLE:  # The process that holds the run lock knows more than a damaged file.
        before, stored = RunState(FAILED), {}
    state = replace(before, **changes)
    values = asdict(state)
    # Keeps other fields, including those of other versions.
    write_json(file, {**stored, **{name: values[name] for name in changes}})
    return state


def write_last_state(run: Run, **changes: Any) -> RunState:
    """Like `write_state`, when a process has ended a run; if the disk is full, in the room that was kept for it.

    Raises:
        OSError: even that is not enough; state.json still has the state before.
    """
    try:
        state = write_state(run, **changes)
    except OSError as error:
        if not is_full(error):
            raise
        run.reserve.unlink(missing_ok=True)
        return write_state(run, **changes)
    run.reserve.unlink(missing_ok=True)
    return state


def stored_state(run: Run) -> RunState:
    """The state as stored, whether it is still true or not.

    Raises:
        FileNotFoundError, Damaged: the file is missing or damaged.
    """
    return read_json(run.folder / "state.json", RunState.from_json)


def ended_state(run: Run) -> RunState:
    """The state in which a run ended, for the process that holds the run lock: whether it is queued does not count.

    Raises:
        OSError, ValueError, BadInput: the file is missing or damaged.
    """
    state = stored_state(run)
    return replace(state, status=INTERRUPTED, message=DIED) if state.status == RUNNING else state


def stored_status(run: Run) -> str | None:
    """The status as stored, whether it is still true or not; None if the file is damaged."""
    try:
        return stored_state(run).status
    except UNREADABLE:
        return None


def request_stop(run: Run, reason: str = "") -> None:
    """Requests the process that trains a run to stop after the batch in flight. Does nothing if none does.

    Args:
        reason: A sentence, which becomes the message of the run.
    """
    if read_state(run).status == RUNNING:
        (run.folder / "stop").write_text(reason, encoding="utf-8")


def stop_requested(run: Run) -> bool:
    return os.path.exists(f"{run.folder}/stop")  # noqa: PTH110 (looked for ten times a second)


def stop_reason(run: Run) -> str:
    """The sentence given with a request to stop; empty if none was."""
    try:
        return (run.folder / "stop").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def forget_stop(run: Run) -> None:
    """Clears a request to stop; called when training begins and ends, because a request is for the current process only."""
    (run.folder / "stop").unlink(missing_ok=True)


def delete(run: Run) -> None:
    """Deletes a run, completely or not at all: its folder is renamed, then removed.

    Raises:
        BadInput: a process trains it, or it was deleted already.
    """
    with held(run):
        run.queue_entry.unlink(missing_ok=True)
        doomed = put_aside(run)
    shutil.rmtree(doomed)


def read_progress(run: Run) -> Progress | None:
    """The progress of a run; None if no process trains it, or none is written yet. Raises Damaged if it cannot be read."""
    try:
        return read_json(run.folder / "progress.json", _progress, remedy="It is replaced while the run trains.")
    except FileNotFoundError:
        return None


def _progress(values: Any) -> Progress:
    progress = from_json(Progress, values)
    if progress.done < 0 or progress.total < 0:
        raise ValueError(f"{progress.done:,} of {progress.total:,} are done")
    return progress


def write_progress(run: Run, progress: Progress) -> None:
    replace_json(run.folder / "progress.json", asdict(progress))


def clear_progress(run: Run) -> None:
    (run.folder / "progress.json").unlink(missing_ok=True)


def seconds_left(state: RunState, records: Sequence[EpochRecord], progress: Progress | None) -> float | None:
    """The time left of a running run in seconds; None if unknown.

    The current phase is estimated from its latest epochs, or from its first so far; later phases from the plan.
    """
    number = progress.activity.epoch if progress else None
    phase = next((phase for phase in state.phases if number and phase.first <= number <= phase.last), None)
    if progress is None or number is None or phase is None or not progress.total:
        return None
    share = progress.done / progress.total
    each = _epoch_seconds(records, phase, progress, share)
    if each is None:
        return None
    later = sum(other.seconds for other in state.phases if other.first > phase.last)
    return each * (phase.last - number + 1 - share) + later


def stage_seconds_left(progress: Progress) -> float | None:
    """The time left of the current stage in seconds, at the speed so far; None in its first second."""
    passed = progress.at - progress.since
    if not progress.done or passed < 1:
        return None
    return passed / progress.done * max(progress.total - progress.done, 0)


def _epoch_seconds(
    records: Sequence[EpochRecord], phase: PlannedPhase, progress: Progress, share: float
) -> float | None:
    recent = [record for record in records[-RECENT:] if record.epoch >= phase.first]
    if known := [record.seconds for record in recent if record.seconds is not None]:
        return statistics.median(known)
    return (progress.at - progress.since) / share if share else None
