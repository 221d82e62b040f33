"""The trials of a sweep and their runs: creating, reporting and ending them. The sweep is held by the caller."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tl_core import forks, store
from tl_core.errors import BadInput
from tl_core.experiment.naming import LONGEST_TITLE
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.wording import setting_text
from tl_core.records import RunState, Status
from tl_core.store import Run
from tl_core.store.checkpoints import remove_all_but_needed
from tl_core.store.notes import Notes, write_notes
from tl_core.sweeps import folder
from tl_core.sweeps.folder import Sweep

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from tl_core.sweeps.study import Study

MOST_DEATHS = 3
"""Times that the process of a run may die after the same epoch, until its trial counts as failed."""

DELETED = "Its run was deleted."
STOPPED_BY_YOU = "Its run was stopped."


def run_of(sweep: Sweep, trial: FrozenTrial) -> Run | None:
    """The run of a trial; None if it has none yet, or it was deleted."""
    return store.known(sweep.models, str(trial.user_attrs.get("run", "")))


def give_run(sweep: Sweep, study: Study, trial: FrozenTrial) -> Run | None:
    """The run of a trial that does not say which it has, as its process was killed: it is found by what it says, or created."""
    wanted = folder.TrialOf(sweep.id, trial.number)
    made = next((run for run in store.runs(sweep.models) if folder.trial_of(run) == wanted), None)
    if made is None:
        return create_run(sweep, study, trial)
    study.note(trial, run=made.id)
    return made


def create_run(sweep: Sweep, study: Study, trial: FrozenTrial) -> Run | None:
    """The run of a trial, which both say; None if there can be none, which ends the trial.

    Raises:
        BadInput, OSError: the models folder cannot be written to: the trial gets its run later.
    """
    settings = study.settings_of(trial)
    try:
        spec = study.spec.base.with_values(settings).anchored()
        run = forks.create(sweep.models, spec, title_of(spec, settings), partial(_mark, sweep, trial.number))
    except BadInput as error:
        if any(problem.path == "models" for problem in error.problems):
            raise
        end(study, trial, reason=str(error))
        return None
    study.note(trial, run=run.id)
    return run


def title_of(spec: ExperimentSpec, settings: dict[str, Any]) -> str:
    """What the runs of a sweep differ in: "Dropout 0.2, L2 1e-4"."""
    text = ", ".join(setting_text(path, spec.value(path)) for path in settings)
    return textwrap.shorten(text[0].upper() + text[1:], LONGEST_TITLE, placeholder=" …")


def _mark(sweep: Sweep, trial: int, run: Run) -> None:
    folder.write_trial_of(sweep, trial, run)
    write_notes(run, Notes(tags=(sweep.tag,)))


def report_epochs(study: Study, trial: FrozenTrial, run: Run) -> None:
    """Reports the epochs of a run that are not known yet, one after another, until it is to be pruned.

    The latest known one again: a process may have been killed between reporting it and saying that it is to be pruned.
    """
    latest = max(trial.intermediate_values, default=0)
    with suppress(BadInput):  # A damaged file is reported where the run is read.
        last = store.read_state(run).epochs
        for record in store.read_epochs(run):
            loss = record.metrics.get("val_loss")
            if record.epoch < latest or record.inherited_from or loss is None:
                continue
            if report(study, trial, record.epoch, loss, last):
                return


def report(study: Study, trial: FrozenTrial, epoch: int, loss: float, last: int | None) -> bool:
    """Reports one epoch; returns whether the trial is pruned, which it then says.

    Args:
        last: The last epoch of the run, after which there is nothing to save; None if unknown.
    """
    if trial.user_attrs.get("pruned"):
        return True
    if not study.report(trial, epoch, loss) or epoch == last:
        return False
    lowest = min(study.trials[trial.number].intermediate_values.values())
    said = f"Pruned after epoch {epoch}: its lowest validation loss so far, {lowest:.4f}, is above the median"
    study.note(trial, pruned=f"{said} of the finished trials at that epoch.")
    return True


def finish(study: Study, trial: FrozenTrial, run: Run, state: RunState) -> None:
    """Ends a trial whose run has finished: with the validation loss of its exported epoch."""
    try:
        figures = store.read_figures(run)
    except BadInput as error:
        end(study, trial, reason=str(error), seconds=state.seconds)
        return
    if figures is None:
        end(study, trial, reason="It ended without an epoch of its own.", seconds=state.seconds)
        return
    _keep_needed(run)
    end(study, trial, loss=figures.exported.loss, seconds=state.seconds)


def prune(study: Study, trial: FrozenTrial, run: Run, state: RunState) -> None:
    """Ends a trial whose run was stopped because it is to be pruned."""
    _keep_needed(run)
    study.note(trial, seconds=state.seconds or 0.0)
    study.tell(trial, pruned=True)


def end(
    study: Study, trial: FrozenTrial, loss: float | None = None, reason: str = "", seconds: float | None = None
) -> None:
    """Ends a trial: with its validation loss, or failed with the reason.

    Args:
        seconds: Of training.
    """
    study.note(trial, **({"reason": reason} if reason else {}), seconds=seconds or 0.0)
    study.tell(trial, loss)


def note_resumed(study: Study, run: Run) -> None:
    """Notes that a run whose process died goes on, and after which epoch."""
    of, state = folder.trial_of(run), store.read_state(run)
    if of is not None and state.status == Status.INTERRUPTED and state.started is not None:
        trial = study.trials[of.trial]
        study.note(trial, died=[*trial.user_attrs.get("died", []), state.epoch])


def dies_again(trial: FrozenTrial, state: RunState) -> str:
    """Why a run whose process died is not resumed once more: it dies again and again at the same place. Otherwise empty."""
    died = trial.user_attrs.get("died", [])
    if state.status != Status.INTERRUPTED or died.count(state.epoch) < MOST_DEATHS:
        return ""
    return f"Its process died {MOST_DEATHS + 1} times after epoch {state.epoch}. {state.message}"


def seconds_of(study: Study) -> float:
    """Of training, of all trials that have ended."""
    return sum(float(trial.user_attrs.get("seconds", 0.0)) for trial in study.trials)


def _keep_needed(run: Run) -> None:
    """Frees the checkpoints that a run which has ended does not need; its best one stays."""
    with suppress(BadInput):
        remove_all_but_needed(run)
