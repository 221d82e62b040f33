"""Measures a learning curve: the heads of all fractions and draws train together, in one program on the cached features."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from tl_core.data.prepare import Prepared
from tl_core.engine.bank.grid import read
from tl_core.engine.bank.outcome import Bank, OnOutcomes, Outcome, ignore
from tl_core.engine.bank.subsets import Subsets
from tl_core.engine.bank.training import Arrays, run
from tl_core.engine.learning_curve.curves import Measured, answered, cross_fitted, fitted
from tl_core.engine.learning_curve.draws import drawn
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import ProgressCallback
from tl_core.results.head_bank import seeds_from
from tl_core.results.learning_curve import LearningCurve, LearningCurveOptions, check, stronger_l2

SECONDS_BETWEEN = 1.5
"""Between two results so far."""

Partial = Callable[[LearningCurve], None]


def learning_curve(
    spec: ExperimentSpec,
    options: LearningCurveOptions,
    models: Path,
    progress: ProgressCallback,
    partial: Partial,
    pool: NetworkPool | None = None,
) -> LearningCurve:
    """The learning curves of an experiment with a frozen backbone; writes only caches.

    Every head takes as many steps as the experiment does with all images, with the same schedule, and counts with its best epoch, as a
    run does. So what differs between points is the images, not how long the head trained.

    Args:
        partial: Called with the result so far, about once a second.
        pool: Where the pretrained network is taken from and kept.

    Returns:
        The curves; those so far, if `progress` raised RunStopped after the first epoch.

    Raises:
        BadInput: a bank cannot train the head; also as a run.
        RunFailed: as a run; also if features do not fit into memory, or the experiment's own head diverges, or that of every stronger penalty.
        RunStopped: `progress` raised it before the end of the first epoch.
    """
    check(spec)
    data, arrays = read(spec, models, progress, pool)
    heads, began = _Heads.of(spec, options, data), time.monotonic()
    shown = began

    def so_far(outcomes: Sequence[Outcome]) -> None:
        nonlocal shown
        if time.monotonic() - shown >= SECONDS_BETWEEN and _known(heads, outcomes):
            partial(_result(heads, outcomes, data, time.monotonic() - began, complete=False))
            shown = time.monotonic()

    trained = _trained(heads, arrays, progress, so_far)
    return _result(heads, trained.outcomes, data, trained.seconds, trained.complete)


def measured_curves(
    spec: ExperimentSpec, options: LearningCurveOptions, models: Path, progress: ProgressCallback
) -> tuple[tuple[Measured, Measured], int]:
    """What `learning_curve` measures, before any law is fitted, and the number of classes; raises what it raises."""
    check(spec)
    data, arrays = read(spec, models, progress)
    heads = _Heads.of(spec, options, data)
    return _measured(*_sound(heads, _trained(heads, arrays, progress, ignore).outcomes)), len(data.dataset.class_names)


def _trained(heads: _Heads, arrays: Arrays, progress: ProgressCallback, so_far: OnOutcomes) -> Bank:
    trained = run(heads.specs, arrays, progress, so_far, heads.subsets)
    for outcome in heads.by_penalty(trained.outcomes)[0]:
        if outcome.diverged:
            raise RunFailed(f"The head diverges. {outcome.diverged} Lower train.learning_rate.")
    sound, _ = _sound(heads, trained.outcomes)
    if len(sound.l2) < 2:
        said = next(filter(None, (outcome.diverged for outcome in trained.outcomes)))
        raise RunFailed(f"The head diverges with every stronger L2 penalty. {said} Lower train.learning_rate.")
    if not _known(heads, trained.outcomes):
        raise RunStopped("Stopped before the end of the first epoch.")
    return trained


def _sound(heads: _Heads, outcomes: Sequence[Outcome]) -> tuple[_Heads, Sequence[Outcome]]:
    """Heads and outcomes without the stronger penalties with which a head diverged."""
    by_penalty = heads.by_penalty(outcomes)
    kept = [place for place, some in enumerate(by_penalty) if not place or not any(each.diverged for each in some)]
    return replace(heads, l2=tuple(heads.l2[place] for place in kept)), [
        each for place in kept for each in by_penalty[place]
    ]


def _known(heads: _Heads, outcomes: Sequence[Outcome]) -> bool:
    """Whether every head that has not diverged has an epoch, and there are two penalties to compare."""
    sound, known = _sound(heads, outcomes)
    return len(sound.l2) > 1 and all(outcome.records for outcome in known)


@dataclass(frozen=True)
class _Heads:
    """All heads of two curves, in the order (L2 penalty, fraction, draw); the first penalty is the experiment's.

    Attributes:
        l2: The penalties.
        images: Training images of each fraction, on average over the draws; shape (fractions,).
    """

    spec: ExperimentSpec
    options: LearningCurveOptions
    l2: tuple[float, ...]
    images: np.ndarray
    specs: tuple[ExperimentSpec, ...]
    subsets: Subsets

    @classmethod
    def of(cls, spec: ExperimentSpec, options: LearningCurveOptions, data: Prepared) -> _Heads:
        labels = data.split.train_labels
        groups = [data.dataset.items[row].group for row in data.split.train.tolist()]
        places = list(product(range(len(options.fractions)), range(options.draws)))
        positions = tuple(
            drawn(labels, groups, options.fractions[at], np.random.default_rng([spec.train.seed, at, draw]))
            for at, draw in places
        )
        l2, seeds = (spec.head.l2, *stronger_l2(spec, options)), seeds_from(spec.train.seed, options.draws)
        specs = tuple(
            spec.with_values({"head.l2": penalty, "train.seed": seeds[draw]}) for penalty in l2 for _, draw in places
        )
        sizes = np.array([len(each) for each in positions], np.float64).reshape(-1, options.draws)
        subsets = Subsets(len(labels), positions, tuple(range(len(places))) * len(l2))
        return cls(spec, options, l2, sizes.mean(axis=1), specs, subsets)

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.l2), len(self.options.fractions), self.options.draws

    def by_penalty(self, outcomes: Sequence[Outcome]) -> list[Sequence[Outcome]]:
        """The outcomes of the heads of each penalty."""
        each = len(self.options.fractions) * self.options.draws
        return [outcomes[start : start + each] for start in range(0, len(outcomes), each)]


def _result(
    heads: _Heads, outcomes: Sequence[Outcome], data: Prepared, seconds: float, complete: bool
) -> LearningCurve:
    classes, split = len(data.dataset.class_names), data.split
    sound, known = _sound(heads, outcomes)
    own, stronger = (fitted(measured, classes) for measured in _measured(sound, known))
    gained, more_than_data, answer = answered(own, stronger)
    return LearningCurve(
        source=heads.spec.data.source,
        backbone=heads.spec.backbone.name,
        classes=classes,
        images={"train": len(split.train), "validation": len(split.validation)},
        own=own.curve,
        stronger=stronger.curve,
        gained=gained,
        more_than_data=more_than_data,
        answer=answer,
        seconds=round(seconds, 3),
        complete=complete,
        diverged=tuple(l2 for l2 in heads.l2 if l2 not in sound.l2),
    )


def _measured(heads: _Heads, outcomes: Sequence[Outcome]) -> tuple[Measured, Measured]:
    """What was measured of the own head, and of the best of the stronger penalties at each fraction."""
    wrong = np.stack([_wrong(outcome) for outcome in outcomes]).reshape(*heads.shape, -1)
    figures = np.array([_figures(outcome) for outcome in outcomes]).reshape(*heads.shape, 2).mean(axis=2)
    penalties, fractions = np.array(heads.l2), np.arange(heads.shape[1])
    own = Measured(heads.images, wrong[0], figures[0, :, 0], figures[0, :, 1], np.full(len(fractions), heads.l2[0]))
    outcomes_chosen, chosen = cross_fitted(wrong[1:])
    of_chosen = figures[1:][chosen, fractions]
    return own, Measured(heads.images, outcomes_chosen, of_chosen[:, 0], of_chosen[:, 1], penalties[1:][chosen])


def _wrong(outcome: Outcome) -> np.ndarray:
    assert outcome.wrong is not None
    return outcome.wrong


def _figures(outcome: Outcome) -> tuple[float, float]:
    """Validation loss and clean training error in the best epoch."""
    assert outcome.best is not None
    return outcome.best.metrics["val_loss"], 1 - outcome.best.metrics["train_eval_accuracy"]
