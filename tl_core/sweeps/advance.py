"""One step of a sweep: Optuna learns what its runs have done, and what is trained next is chosen.

Everything is read from disk and written to it, under the lock of the sweep, in an order that can be cut off anywhere:

1. A trial is written, with its settings. 2. Its run is created, and says which trial it is. 3. The trial says which run it has. 4. The run is queued.

A trial without a run gets the one that names it, or a new one; a run that was neither queued nor trained is taken up like one that was interrupted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tl_core import store
from tl_core.errors import BadInput
from tl_core.records import RunState, Status
from tl_core.store import Run
from tl_core.sweeps import folder, trials
from tl_core.sweeps.folder import Sweep, SweepState, SweepStatus
from tl_core.text import counted

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from tl_core.sweeps.study import Study

STOPPED = "Stopped; it can go on."


@dataclass
class _Runs:
    """The runs of trials that have not ended.

    Attributes:
        busy: How many wait or train.
        free: Those that no process trains, and that are to be trained on.
        seconds: Of training so far, of all of them.
    """

    busy: int = 0
    free: list[Run] = field(default_factory=list)
    seconds: float = 0.0


def opened(sweep: Sweep, readonly: bool = False) -> Study:
    """The trials of a sweep; see `Study`. Imports Optuna. The journal is read on from where this process has read it."""
    from tl_core.sweeps.study import mend

    if not readonly:
        mend(sweep)
    return _study(sweep, readonly)


@lru_cache(maxsize=32)
def _study(sweep: Sweep, readonly: bool) -> Study:
    from tl_core.sweeps.study import Study

    return Study(sweep, folder.read_spec(sweep), readonly)


def advance(sweep: Sweep, places: int, take_queued: bool = False) -> tuple[Run, ...]:
    """Looks at the runs of a sweep, and returns those to be trained now: to resume, or new.

    Does nothing unless the sweep is open. A sweep whose budget is used, and whose runs have ended, becomes finished.

    Args:
        places: How many runs may wait or train at once; with `take_queued`, how many are returned at most.
        take_queued: For a process that trains the runs itself: also returns those in the queue.

    Raises:
        BadInput: the sweep was deleted, or a file is damaged.
    """
    with sweep.held():
        state = folder.read_state(sweep)
        if state.status != SweepStatus.OPEN:
            return ()
        study = opened(sweep)
        found = _Runs()
        for trial in study.trials:
            if not trial.state.is_finished():
                _look(sweep, study, trial, found, take_queued)
        room = max(places if take_queued else places - found.busy, 0)
        chosen = found.free[:room]
        for run in chosen:
            trials.note_resumed(study, run)
        new, ended = _started(sweep, study, room - len(chosen), found.seconds)
        if ended and not (found.busy or found.free or new):
            folder.write_state(sweep, replace(state, status=SweepStatus.FINISHED, message=_why_ended(study)))
        return (*chosen, *new)


def advance_queued(models: Path, workers: int) -> None:
    """Advances every open sweep of a models folder whose runs the dashboard's workers train.

    One more run than there are workers waits, so that none is idle between two steps. A sweep that cannot be advanced stops, with the reason.
    """
    for sweep in folder.open_sweeps(models):
        try:
            runs = advance(sweep, workers + 1)
        except BadInput as error:
            with suppress(BadInput), sweep.held():
                folder.write_state(sweep, SweepState(SweepStatus.STOPPED, str(error)))
            continue
        for run in runs:
            with suppress(BadInput):  # Another process trains it, or it was just deleted: the next step sees that.
                store.queue.add(run)


def stop(sweep: Sweep, message: str = STOPPED) -> None:
    """Stops a sweep: no trial starts, and runs that wait or train stop. `go_on` continues them exactly.

    Raises:
        BadInput: it was deleted, or a file is damaged.
    """
    with sweep.held():
        state = folder.read_state(sweep)
        if state.status != SweepStatus.OPEN:
            return
        folder.write_state(sweep, replace(state, status=SweepStatus.STOPPED, message=message))
        study = opened(sweep)
        for trial in study.trials:
            run = None if trial.state.is_finished() else trials.run_of(sweep, trial)
            if run is not None:
                study.note(trial, paused=_session(store.read_state(run)))
                store.queue.cancel(run)
                store.request_stop(run)


def go_on(sweep: Sweep, queued: bool) -> None:
    """Opens a sweep again that was stopped or whose budget was used; if nothing is left to do, its next step finishes it.

    Args:
        queued: See `SweepState`; a sweep that is open and whose runs are queued stays one.

    Raises:
        BadInput: it was deleted.
    """
    with sweep.held():
        state = folder.read_state(sweep)
        stays = state.status == SweepStatus.OPEN and state.queued
        folder.write_state(sweep, SweepState(SweepStatus.OPEN, "", queued or stays))


def report_epoch(sweep: Sweep, study: Study, run: Run, epoch: int, loss: float) -> str:
    """Reports an epoch of a run right after it, from the process that trains it; returns why to prune the run, or nothing."""
    of = folder.trial_of(run)
    if of is None or study.spec.pruning == "none":
        return ""
    with sweep.held():
        trial = study.trials[of.trial]
        if trial.state.is_finished():
            return ""
        trials.report(study, trial, epoch, loss, store.read_state(run).epochs)
        return str(study.trials[of.trial].user_attrs.get("pruned", ""))


def _look(sweep: Sweep, study: Study, trial: FrozenTrial, found: _Runs, take_queued: bool) -> None:
    """Tells Optuna what the run of a trial has done, and finds out whether it is busy or free."""
    if "run" not in trial.user_attrs and trials.give_run(sweep, study, trial) is None:
        return
    trial = study.trials[trial.number]
    run = trials.run_of(sweep, trial)
    if run is None:
        trials.end(study, trial, reason=trials.DELETED)
        return
    state = store.read_state(run)
    if study.spec.pruning != "none":
        trials.report_epochs(study, trial, run)
        trial = study.trials[trial.number]
    if state.status == Status.FINISHED:
        trials.finish(study, trial, run, state)
    elif state.status == Status.FAILED:
        trials.end(study, trial, reason=state.message or "It failed.", seconds=state.seconds)
    elif state.status in (Status.RUNNING, Status.QUEUED):
        _busy(study, trial, run, state, found, take_queued)
    elif trial.user_attrs.get("pruned"):
        trials.prune(study, trial, run, state)
    elif _stopped_by_you(trial, state):
        trials.end(study, trial, reason=trials.STOPPED_BY_YOU, seconds=state.seconds)
    elif reason := trials.dies_again(trial, state):
        trials.end(study, trial, reason=reason, seconds=state.seconds)
    else:
        found.free.append(run)
        found.seconds += state.seconds or 0.0


def _busy(study: Study, trial: FrozenTrial, run: Run, state: RunState, found: _Runs, take_queued: bool) -> None:
    """A run that waits or trains."""
    found.seconds += state.seconds or 0.0
    if state.status == Status.RUNNING:
        if (why := trial.user_attrs.get("pruned")) and not store.stop_requested(run):
            store.request_stop(run, why)
        found.busy += 1
    elif run.queue_entry.exists():
        study.note(trial, paused=None)  # Only a sweep that goes on queues it again.
        if take_queued:
            found.free.append(run)
        else:
            found.busy += 1
    elif state.pid == store.this_process()["pid"]:
        found.free.append(run)  # Created in the step before, which did not come to queue or train it.
    else:
        found.busy += 1


def _stopped_by_you(trial: FrozenTrial, state: RunState) -> bool:
    """Whether a run was stopped neither with the sweep, nor with the process that trained it."""
    asked = state.status == Status.STOPPED and state.on_request
    return asked and trial.user_attrs.get("paused") != _session(state)


def _session(state: RunState) -> float:
    """Tells apart the times that a run was trained: when the latest began."""
    return state.started or 0.0


def _started(sweep: Sweep, study: Study, number: int, seconds: float) -> tuple[list[Run], bool]:
    """So many new runs; fewer if the budget or the combinations are at their end, and whether they are.

    Args:
        seconds: Of training so far, of the runs whose trials have not ended.
    """
    new: list[Run] = []
    while len(new) < number:
        drawn = study.draw() if _budget_left(study, seconds) else None
        if drawn is None:
            return new, True
        trial = study.add(*drawn)
        run = None if trial.state.is_finished() else trials.create_run(sweep, study, trial)
        new += [run] if run else []
    return new, False


def _budget_left(study: Study, seconds: float) -> bool:
    """Whether another trial may start."""
    spec = study.spec
    if spec.most_trials is not None and len(study.trials) >= spec.most_trials:
        return False
    return spec.minutes is None or trials.seconds_of(study) + seconds < 60 * spec.minutes


def _why_ended(study: Study) -> str:
    spec, tried = study.spec, len(study.trials)
    if spec.minutes is not None and trials.seconds_of(study) >= 60 * spec.minutes:
        return f"The {spec.minutes:g} minutes are used."
    if spec.trials is not None and tried >= spec.trials:
        return f"All {counted(tried, 'trial')} have ended."
    return study.end
