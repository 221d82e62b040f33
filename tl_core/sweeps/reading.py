"""What a sweep has found: its trials with the state of their runs, the winner, the importance of settings."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tl_core import store
from tl_core.errors import BadInput
from tl_core.intervals import Accuracy
from tl_core.records import RunState, Status
from tl_core.store import Run, RunFigures
from tl_core.sweeps import folder
from tl_core.sweeps.advance import opened
from tl_core.sweeps.folder import Sweep, SweepState
from tl_core.sweeps.spec import SweepSpec
from tl_core.sweeps.trials import DELETED
from tl_core.text import counted, joined

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from tl_core.sweeps.study import Study

FINISHED, PRUNED, FAILED, WAITS = "finished", "pruned", "failed", "starts"

FEWEST_FOR_IMPORTANCE = 15
"""Finished trials: of fewer, which setting mattered is mostly chance."""


@dataclass(frozen=True)
class TrialReading:
    """One trial.

    Attributes:
        number: From 0.
        settings: By path, as plain JSON values.
        status: "finished", "pruned" or "failed" once it has ended; before, the status of its run, or "starts" without one.
        reason: Of the status, as a sentence; may be empty.
        run: The id of its run; empty if it has none, or it was deleted.
        loss, accuracy: On the validation images, at the exported epoch, or the one that would be exported now; None before the first.
        epoch, epochs: Done and planned.
        seconds: Of training.
    """

    number: int
    settings: dict[str, Any]
    status: str
    reason: str
    run: str
    loss: float | None
    accuracy: Accuracy | None
    epoch: int
    epochs: int | None
    seconds: float

    @property
    def ended(self) -> bool:
        return self.status in (FINISHED, PRUNED, FAILED)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        interval = self.accuracy.interval if self.accuracy else None
        share = self.accuracy.share if self.accuracy else None
        values = {"val_loss": self.loss, "val_accuracy": share, "val_accuracy_interval": interval}
        return {**{name: value for name, value in asdict(self).items() if name not in ("loss", "accuracy")}, **values}


@dataclass(frozen=True)
class SweepReading:
    """A sweep as it is now.

    Attributes:
        trials: In the order they were started.
    """

    sweep: Sweep
    spec: SweepSpec
    title: str
    state: SweepState
    trials: tuple[TrialReading, ...]

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return sum(trial.ended for trial in self.trials)

    @property
    def finished(self) -> tuple[TrialReading, ...]:
        """The finished trials whose runs exist, the lowest validation loss first."""
        there = [trial for trial in self.trials if trial.status == FINISHED and trial.run and trial.loss is not None]
        return tuple(sorted(there, key=lambda trial: (trial.loss, trial.number)))

    @property
    def winner(self) -> TrialReading | None:
        """The finished trial with the lowest validation loss."""
        return next(iter(self.finished), None)

    @property
    def seconds(self) -> float:
        """Of training, of all trials together."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def counts(self) -> str:
        """How many trials are in which state: "12 finished, 3 pruned and 1 failed"."""
        found = Counter(trial.status for trial in self.trials)
        return joined([f"{number:,} {status}" for status, number in found.items()])

    def seconds_left(self, workers: int = 1) -> float | None:
        """The time left in seconds, at the pace of the trials so far; None if none has ended or the budget is in minutes alone."""
        ended = [trial.seconds for trial in self.trials if trial.ended and trial.seconds]
        under_way = sum(trial.seconds for trial in self.trials if not trial.ended)
        found = [] if self.spec.minutes is None else [60 * self.spec.minutes - self.seconds]
        if ended and self.spec.most_trials is not None:
            found.append(sum(ended) / len(ended) * (self.spec.most_trials - self.ended) - under_way)
        return max(min(found), 0.0) / workers if found else None


@dataclass(frozen=True)
class Importance:
    """How much each setting mattered: shares that add up to 1, by path, the largest first; or why that is not known."""

    shares: dict[str, float]
    reason: str = ""


def read_sweep(sweep: Sweep) -> SweepReading:
    """A sweep with its trials.

    Raises:
        BadInput: it was deleted, or a file is damaged.
    """
    spec = folder.read_spec(sweep)
    study = _study(sweep)
    trials = [] if study is None else [_read_trial(sweep, study, trial) for trial in study.trials]
    return SweepReading(sweep, spec, folder.title_of(sweep), folder.read_state(sweep), tuple(trials))


def read_importance(reading: SweepReading) -> Importance:
    """The importance of each setting: its share in how the validation losses of finished trials vary (fANOVA). Loads scikit-learn."""
    done = [trial.loss for trial in reading.trials if trial.status == FINISHED]
    if len(done) < FEWEST_FOR_IMPORTANCE:
        said = f"Which setting matters can be told from {FEWEST_FOR_IMPORTANCE} finished trials on"
        return Importance({}, f"{said}; there {'is' if len(done) == 1 else 'are'} {len(done)}.")
    if len(set(done)) < 2:
        return Importance({}, "All finished trials have the same validation loss: no setting matters.")
    study = _study(reading.sweep)
    if study is None:
        return Importance({}, "There is no trial.")
    from tl_core.sweeps.study import importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of small numbers of trials, which is said.
        return Importance(importances(study))


def said_of_end(reading: SweepReading) -> str:
    """How far a sweep is, as a sentence."""
    most = reading.spec.most_trials
    of = f" of {most:,}" if most else ""
    ended = f"{counted(reading.ended, 'trial')}{of} ended" if not of else f"{reading.ended:,}{of} trials ended"
    return f"{ended} ({reading.counts})." if reading.trials else "No trial yet."


def _study(sweep: Sweep) -> Study | None:
    """The trials, only to be read; None if there is none yet."""
    try:
        return opened(sweep, readonly=True)
    except FileNotFoundError:
        return None


def _read_trial(sweep: Sweep, study: Study, trial: FrozenTrial) -> TrialReading:
    run = store.known(sweep.models, str(trial.user_attrs.get("run", "")))
    seconds = float(trial.user_attrs.get("seconds", 0.0))
    loss = float(trial.values[0]) if trial.values else None
    found = TrialReading(
        trial.number,
        study.settings_of(trial),
        _ended_as(trial),
        str(trial.user_attrs.get("reason") or trial.user_attrs.get("pruned") or ""),
        run.id if run else "",
        loss,
        None,
        0,
        None,
        seconds,
    )
    if run is None:
        return replace(found, reason=found.reason or (DELETED if trial.user_attrs.get("run") else ""))
    return _with_run(found, run)


def _ended_as(trial: FrozenTrial) -> str:
    """How a trial ended; "starts" if it has not."""
    return {"COMPLETE": FINISHED, "PRUNED": PRUNED, "FAIL": FAILED}.get(trial.state.name, WAITS)


def _with_run(trial: TrialReading, run: Run) -> TrialReading:
    """A trial with what its run has come to."""
    ended = trial.ended
    state, figures = _ended_run(run, _changed(run)) if ended else (store.read_state(run), _figures(run))
    loss = figures.exported.loss if figures and trial.status != FINISHED else trial.loss
    return replace(
        trial,
        status=trial.status if ended else str(state.status),
        reason=trial.reason or ("" if state.status == Status.RUNNING else state.message),
        loss=loss,
        accuracy=figures.exported.accuracy if figures else None,
        epoch=state.epoch,
        epochs=state.epochs,
        seconds=trial.seconds if ended else state.seconds or 0.0,
    )


@lru_cache(maxsize=20_000)
def _ended_run(run: Run, _changed: int) -> tuple[RunState, RunFigures | None]:
    """What is known of a run that has ended: read once, as pages ask every second."""
    return store.read_state(run), _figures(run)


def _changed(run: Run) -> int:
    """When a file of a run was replaced last; 0 if it was deleted."""
    try:
        return run.folder.stat().st_mtime_ns
    except OSError:
        return 0


def _figures(run: Run) -> RunFigures | None:
    try:
        return store.read_figures(run)
    except BadInput:  # Its trial shows no figures; its page says why.
        return None
