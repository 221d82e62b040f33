"""The trials of a sweep in Optuna's own journal. The only module that imports Optuna: import it late.

A trial is written in one line, with all its settings: a process that is killed leaves all of it or nothing. Settings are drawn in a copy in
memory, by a sampler that is seeded by the sweep's seed and the trial's number: a sweep that was killed and goes on draws what it would have drawn.

Values of lists are Optuna's categories, written as JSON; ranges are its numbers. The attributes of a trial: `run`, the id of its run; `reason`, why
it failed, or `pruned`, why it was pruned, as sentences; `seconds` of training; `paused`, the session of training that was stopped with the sweep;
`died`, the epochs after which its process died and it was resumed.
"""

from __future__ import annotations

import json
import os
import random
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from tl_core.files import reading
from tl_core.sweeps.combinations import problems_of
from tl_core.sweeps.folder import Sweep
from tl_core.sweeps.spec import Axis, SweepSpec
from tl_core.text import counted

optuna.logging.set_verbosity(optuna.logging.WARNING)

NAME = "sweep"
"""Of the study in the journal."""

DRAWS = 200
"""Draws of a trial until one is new and can run; after so many it is looked for among all combinations, if they can be listed."""

LISTED = 10_000
"""The most combinations that are listed. A search over more, or over a range of any number, ends after `DRAWS` in vain."""

RESTORE = "If its last line was cut off, going on with the sweep mends it; otherwise restore it, or delete the sweep."

FEWEST_FINISHED = 4
"""Finished trials before any is pruned, and that have the epoch that is looked at."""

Settings = dict[str, Any]


class _HeldAlready(JournalFileOpenLock):
    """A process that writes holds the sweep. Optuna's own lock of a killed process would be waited for half a minute."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class Study:
    """The trials of a sweep. Reading takes no lock; for everything else the sweep has to be held."""

    def __init__(self, sweep: Sweep, spec: SweepSpec, readonly: bool = False) -> None:
        """Opens the journal.

        Raises:
            FileNotFoundError: it is only to be read, and nothing was tried yet: opening would create it.
            Damaged: it cannot be read.
        """
        self.spec, self._journal = spec, sweep.journal
        self._space = {axis.path: _distribution(axis) for axis in spec.axes}
        self._axes = {axis.path: axis for axis in spec.axes}
        self._in_vain: list[bool] | None = None  # Which trials had ended when nothing new was found.
        with reading(self._journal, RESTORE):
            self._open(readonly)

    def _open(self, readonly: bool) -> None:
        if readonly and not self._journal.exists():
            raise FileNotFoundError(self._journal)
        file = str(self._journal)
        self._storage = JournalStorage(JournalFileBackend(file, lock_obj=_HeldAlready(file)))
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=FEWEST_FINISHED, n_warmup_steps=self.spec.warm_up, n_min_trials=FEWEST_FINISHED
        )
        known = {study.study_name for study in self._storage.get_all_studies()}
        if readonly and NAME not in known:
            raise FileNotFoundError(self._journal)
        load = optuna.load_study if NAME in known else optuna.create_study
        self.study = load(storage=self._storage, study_name=NAME, pruner=pruner)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, in order; raises Damaged if a line that was written since cannot be read."""
        with reading(self._journal, RESTORE):
            return self.study.get_trials(deepcopy=False)

    def settings_of(self, trial: FrozenTrial) -> Settings:
        """The settings of a trial, by path, as plain JSON values."""
        return {path: _value(axis, trial.params[path]) for path, axis in self._axes.items() if path in trial.params}

    def add(self, settings: Mapping[str, Any], reason: str = "") -> FrozenTrial:
        """A new trial.

        Args:
            reason: Why it cannot run; it then has failed already.
        """
        made = create_trial(
            state=TrialState.FAIL if reason else TrialState.RUNNING,
            params={path: _param(self._axes[path], value) for path, value in settings.items()},
            distributions=self._space,
            user_attrs={"reason": reason} if reason else {},
        )
        self.study.add_trial(made)
        return self.trials[-1]

    def note(self, trial: FrozenTrial, **attributes: Any) -> None:
        """Sets attributes of a trial that has not ended."""
        for name, value in attributes.items():
            if trial.user_attrs.get(name) != value:
                self._storage.set_trial_user_attr(trial._trial_id, name, value)

    def report(self, trial: FrozenTrial, epoch: int, loss: float) -> bool:
        """Records the validation loss of a trial after an epoch; returns whether to prune it."""
        if trial.intermediate_values.get(epoch) != loss:
            self._storage.set_trial_intermediate_value(trial._trial_id, epoch, loss)
        now = self._storage.get_trial(trial._trial_id)
        return bool(self.study.pruner.prune(self.study, now))

    def tell(self, trial: FrozenTrial, loss: float | None = None, pruned: bool = False) -> None:
        """Ends a trial: with its validation loss, pruned, or failed."""
        state = TrialState.PRUNED if pruned else TrialState.FAIL if loss is None else TrialState.COMPLETE
        self.study.tell(trial.number, loss, state=state, skip_if_finished=True)

    def draw(self) -> tuple[Settings, str] | None:
        """The settings of the next trial, and why it cannot run; None if nothing new is left, or was found."""
        return self._next_of_grid() if self.spec.method == "grid" else self._drawn()

    @property
    def end(self) -> str:
        """Why `draw` returns None, as a sentence."""
        tried, there_are = len(self.trials), self.spec.combinations
        if there_are == tried:
            return f"Every combination was tried: {counted(tried, 'trial')}."
        if there_are is not None and there_are <= LISTED:
            return f"Every combination that can run was tried: {tried:,} of {there_are:,}."
        return f"{DRAWS} draws in a row gave no new combination that can run: it ended after {counted(tried, 'trial')}."

    def _next_of_grid(self) -> tuple[Settings, str] | None:
        order, number = self.spec.grid(), len(self.trials)
        if self.spec.minutes is not None or len(order) > (self.spec.trials or len(order)):
            # The budget may end before the grid: what is tried then lies anywhere in it, not in a corner.
            random.Random(self.spec.seed).shuffle(order)
        if number >= len(order):
            return None
        wrong = problems_of(self.spec, order[number])
        return order[number], " ".join(map(str, wrong))

    def _drawn(self) -> tuple[Settings, str] | None:
        """Drawn until it is new and can run."""
        before = self.trials
        known = [trial.state.is_finished() for trial in before]
        if known == self._in_vain:  # Asked again and again, as long as the last runs train.
            return None
        tried = {_key(self.settings_of(trial)) for trial in before}
        for attempt in range(DRAWS):
            settings = self._draw_once(before, attempt)
            if _key(settings) not in tried and not problems_of(self.spec, settings):
                return settings, ""
            tried.add(_key(settings))
        if found := self._left(tried, len(before)):
            return found, ""
        self._in_vain = known
        return None

    def _left(self, tried: Collection[str], number: int) -> Settings | None:
        """A combination that was not tried and can run, drawn among all of them; None if there is none, or they cannot be listed."""
        if self.spec.combinations is None or self.spec.combinations > LISTED:
            return None
        left = [settings for settings in self.spec.grid() if _key(settings) not in tried]
        random.Random(f"{self.spec.seed} {number} left").shuffle(left)
        return next((settings for settings in left if not problems_of(self.spec, settings)), None)

    def _draw_once(self, before: list[FrozenTrial], attempt: int) -> Settings:
        seed = random.Random(f"{self.spec.seed} {len(before)} {attempt}").randrange(2**32)
        # TPE proposes again what it knows to be good; a second attempt explores.
        learns = self.spec.method == "bayes" and not attempt
        sampler = optuna.samplers.TPESampler(seed=seed) if learns else optuna.samplers.RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            copy = optuna.create_study(sampler=sampler)
            copy.add_trials(before if learns else [])
            params = copy.ask(self._space).params
        return {path: _value(axis, params[path]) for path, axis in self._axes.items()}


def importances(study: Study) -> dict[str, float]:
    """The share of each axis in how validation losses of finished trials vary, the most important first; they add up to 1. Loads scikit-learn.

    fANOVA (Hutter et al. 2014), not Optuna's default, PED-ANOVA (Watanabe et al. 2023): of 24 sweeps of 10 to 80 trials over a function whose most
    important setting is known, PED-ANOVA named another one in six, fANOVA in none.
    """
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study.study, evaluator=evaluator)
    return {path: float(share) for path, share in found.items()}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.values:
        return CategoricalDistribution([json.dumps(value) for value in axis.values])
    assert axis.low is not None and axis.high is not None
    if axis.whole:
        return IntDistribution(round(axis.low), round(axis.high), axis.log, round(axis.step or 1))
    return FloatDistribution(axis.low, axis.high, axis.log, axis.step)


def _value(axis: Axis, param: Any) -> Any:
    if axis.values:
        return json.loads(param)
    return axis.setting(round(param, 12) if axis.step else param)


def _param(axis: Axis, value: Any) -> Any:
    if axis.values:
        return json.dumps(value)
    number = axis.number(value)
    return round(number) if axis.whole else number


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def mend(sweep: Sweep) -> None:
    """Cuts off a last line that a full disk or a power cut left incomplete: Optuna would read nothing that is written behind it.

    Raises:
        Damaged: the journal cannot be opened.
    """
    if not sweep.journal.exists():
        return
    with reading(sweep.journal, RESTORE), sweep.journal.open("rb+") as opened:
        if opened.seek(0, os.SEEK_END) and opened.seek(-1, os.SEEK_END) and opened.read(1) != b"\n":
            opened.seek(0)
            opened.truncate(opened.read().rfind(b"\n") + 1)
