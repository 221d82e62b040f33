"""Which combinations of settings can run at all: checked before anything starts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput, Problem
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import plan
from tl_core.plan.problems import spec_problems
from tl_core.records import RunState, Status
from tl_core.store import validation_images
from tl_core.sweeps.spec import SweepSpec
from tl_core.text import counted

CHECKED = 256
"""The most combinations that are checked before a sweep starts; of more, so many drawn."""

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Outlook:
    """What is known of a sweep before it starts.

    Attributes:
        trials: The most trials; None if the minutes alone decide.
        checked, invalid: Of how many combinations checked how many cannot run.
        reasons: Why, the first of each kind.
        seconds: Estimate for the training of all trials together; None if their number is unknown.
    """

    trials: int | None
    checked: int
    invalid: int
    reasons: tuple[str, ...]
    seconds: float | None

    @property
    def warning(self) -> str:
        """About combinations that cannot run; empty if there are none."""
        if not self.invalid:
            return ""
        return f"{self.invalid} of {counted(self.checked, 'combination')} cannot run, for example: {self.reasons[0]}"


def outlook(spec: SweepSpec, models: Path) -> Outlook:
    """Checks a sweep before it starts.

    Raises:
        BadInput: a value that no combination can run with, runs that could not be compared, or problems of the data.
    """
    checked = _combinations(spec)
    found = [problems_of(spec, settings) for settings in checked]
    _raise_hopeless(spec, checked, found)
    valid = [settings for settings, wrong in zip(checked, found, strict=True) if not wrong]
    if different := _incomparable(spec, valid):
        raise BadInput(different)
    seconds = _seconds(spec, valid, models)
    reasons = tuple(dict.fromkeys(str(wrong[0]) for wrong in found if wrong))
    trials = spec.most_trials
    return Outlook(trials, len(checked), sum(map(bool, found)), reasons, None if trials is None else seconds * trials)


def problems_of(spec: SweepSpec, settings: Settings) -> tuple[Problem, ...]:
    """What is wrong with one combination, apart from its data."""
    try:
        return spec_problems(resolve(spec.base.with_values(settings)))
    except BadInput as error:
        return error.problems


def _combinations(spec: SweepSpec) -> list[dict[str, Any]]:
    """All combinations of values and ends of ranges; if they are too many, drawn ones, in which each value occurs."""
    ends = [axis.ends if axis.choices is None or len(axis.choices) > CHECKED else axis.choices for axis in spec.axes]
    if prod(map(len, ends)) <= CHECKED:
        return [dict(zip(spec.paths, chosen, strict=True)) for chosen in product(*ends)]
    draws = random.Random(spec.seed)
    columns = []
    for values in ends:
        column = [values[place % len(values)] for place in range(CHECKED)]
        draws.shuffle(column)
        columns.append(column)
    return [dict(zip(spec.paths, chosen, strict=True)) for chosen in zip(*columns, strict=True)]


def _raise_hopeless(spec: SweepSpec, checked: Sequence[Settings], found: Sequence[tuple[Problem, ...]]) -> None:
    """Raises BadInput for values with which no combination can run."""
    hopeless: dict[Problem, None] = {}
    for path in spec.paths:
        outcomes: dict[str, list[tuple[Problem, ...]]] = {}
        for settings, wrong in zip(checked, found, strict=True):
            outcomes.setdefault(repr(settings[path]), []).append(wrong)
        for value, wrongs in outcomes.items():
            if all(wrongs):
                first = next((problem for problem in wrongs[0] if problem.path.startswith(path)), wrongs[0][0])
                said = first.message if first.path.startswith(path) else f"with {path} {value}: {first.message}"
                hopeless[replace(first, message=said)] = None
    if hopeless:
        raise BadInput(hopeless)


def _incomparable(spec: SweepSpec, valid: Sequence[Settings]) -> list[Problem]:
    """Axes along which validation losses are not of the same images, or not of the same kind."""
    unread = RunState(Status.QUEUED)
    found = []
    for axis in spec.axes:
        one_by_one = [_changed(spec.base, {axis.path: value}) for value in axis.ends]
        if len({validation_images(made, unread) for made in one_by_one if made}) > 1:
            said = "changes which images validate: the lowest loss would belong to the easiest images"
            found.append(Problem(axis.path, said, "Leave it out, and start a sweep for each of its values."))
    kinds = {spec.base.with_values(settings).head.margins for settings in valid}
    if len(kinds) > 1:
        said = (
            "losses of margins (linear-svm) are of another kind than those of the others, so no winner could be chosen"
        )
        found.append(Problem("head.classifier", said, "Leave out linear-svm, or the others."))
    return found


def _changed(base: ExperimentSpec, settings: Settings) -> ExperimentSpec | None:
    try:
        return base.with_values(settings)
    except BadInput:  # Valid with other values of other axes alone.
        return None


SAMPLED = 4
"""Combinations whose plans are made for an estimate of the time: a plan lists the data."""


def _seconds(spec: SweepSpec, valid: Sequence[Settings], models: Path) -> float:
    """Estimated seconds of a trial, on average; raises BadInput for problems that all sampled plans have."""
    places = sorted({round(place * (len(valid) - 1) / max(SAMPLED - 1, 1)) for place in range(SAMPLED)})
    plans = [plan(resolve(spec.base.with_values(valid[place])), models) for place in places]
    fit = [made for made in plans if not made.problems]
    if not fit:
        raise BadInput(plans[0].problems)
    learning = sum(made.seconds - made.seconds_before for made in fit) / len(fit)
    before = sum(made.seconds_before for made in fit) / len(fit)
    # Features are computed once for all trials that share them.
    share = _feature_sets(spec) / max(spec.most_trials or 1, 1)
    return learning + before * min(1.0, share)


_DECIDE_FEATURES = ("backbone.", "data.", "augment", "train.stages", "train.prefix_precision", "train.views")


def _feature_sets(spec: SweepSpec) -> int:
    """About how many different features the trials need."""
    axes = [axis for axis in spec.axes if axis.path.startswith(_DECIDE_FEATURES)]
    return prod(len(axis.choices) if axis.choices else 100 for axis in axes)
