"""The current stage of a run, and the time left."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict

from tl_core.errors import BadInput
from tl_core.files import read_json, replace_json
from tl_core.records import MALFORMED, EpochRecord, PlannedPhase, Progress, RunState, from_json
from tl_core.store.run import Run

RECENT = 5
"""Number of latest epochs used to estimate the next."""


def read_progress(run: Run) -> Progress | None:
    """The progress of a run; None if no process trains it, or none is written yet."""
    try:
        return from_json(Progress, read_json(run.folder / "progress.json"))
    except (OSError, BadInput, *MALFORMED):
        return None


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
