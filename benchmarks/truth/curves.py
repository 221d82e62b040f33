"""Learning curves: do the promised intervals hold the error that more images give?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.truth.laws import Generated, generate
from benchmarks.truth.scores import Score
from tl_core.engine.learning_curve.curves import Measured, fitted
from tl_core.intervals import Estimate
from tl_core.results.learning_curve import TIMES, Curve, Doubt

CURVES, QUICK = 1000, 40

COVERED = (0.93, 0.97)

REAL = {
    "digits": {"data.source": "digits"},
    **{
        f"playground, difficulty {difficulty}": {
            "data.source": f"playground:classes=6,images_per_class=400,difficulty={difficulty}"
        }
        for difficulty in (0.25, 0.5, 0.75, 1.0)
    },
}
"""The settings of real curves."""

SHARES = (0.25, 0.5)
"""A law is fitted to the points up to these shares of the images, and asked for twice and four times as many, as far as that was measured."""


def measure(quick: bool) -> Iterator[Score]:
    number = QUICK if quick else CURVES
    yield from generated_scores([(made, curve_of(made)) for made in map(generate, range(number))])
    yield _bent([curve_of(generate(seed, bent=True)) for seed in range(number // 4)])
    yield from _real(dict(list(REAL.items())[:1]) if quick else REAL)


def curve_of(made: Generated) -> Curve:
    return fitted(measured_of(made.images, made.wrong), classes=2).curve


def measured_of(images: np.ndarray, wrong: np.ndarray) -> Measured:
    """With nothing but errors."""
    nothing = np.zeros(len(images))
    return Measured(images.astype(np.float64), wrong, nothing, nothing, nothing)


def generated_scores(cases: Sequence[tuple[Generated, Curve]]) -> Iterator[Score]:
    promised = [(made, curve) for made, curve in cases if curve.promised]
    for place, times in enumerate(TIMES):
        found = [(made, curve.promised[place]) for made, curve in promised]
        truths = [made.error(each.images) for made, each in found]
        falls = [made.error(made.images[-1]) - truth for (made, _), truth in zip(found, truths, strict=True)]
        of = f"at {times} times the images covered"
        yield _covered(f"generated curves: error {of}", [each.error for _, each in found], truths)
        fell = f"; median fall {100 * np.median(falls):.1f}"
        yield _covered(f"generated curves: fall {of}", [each.fall for _, each in found], falls, fell)
    wrong = [Doubt.BAD_FIT in curve.doubts for _, curve in cases]
    yield Score("generated curves that follow a law: called a bad fit", float(np.mean(wrong)), len(wrong), high=0.03)


def _covered(name: str, estimates: Sequence[Estimate], truths: Sequence[float], note: str = "") -> Score:
    """How many of the intervals hold the truth."""
    inside = [each.low <= truth <= each.high for each, truth in zip(estimates, truths, strict=True)]
    width = np.median([each.high - each.low for each in estimates])
    return Score(name, float(np.mean(inside)), len(inside), *COVERED, f"median width {100 * width:.1f} points{note}")


def _bent(curves: Sequence[Curve]) -> Score:
    found = [Doubt.BAD_FIT in curve.doubts for curve in curves]
    return Score("generated curves that follow none: called a bad fit", float(np.mean(found)), len(found))


@dataclass(frozen=True)
class _Case:
    """What a law fitted to a share of the images promised, and what was measured."""

    times: int
    low: float
    high: float
    measured: float

    @property
    def inside(self) -> bool:
        return self.low <= self.measured <= self.high


def _real(settings: dict[str, dict[str, str]]) -> Iterator[Score]:
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for each in settings.values() for case in real_cases(each, Path(folder))]
    for times in TIMES:
        those = [case for case in cases if case.times == times]
        inside = [case.inside for case in those]
        width = 100 * np.median([case.high - case.low for case in those])
        off = 100 * np.mean([abs(case.measured - (case.low + case.high) / 2) for case in those])
        note = f"{len(settings)} data sets; median width {width:.1f} points, from the middle on average {off:.1f}"
        yield Score(
            f"real curves: error at {times} times the images covered", float(np.mean(inside)), len(those), note=note
        )


def real_cases(settings: dict[str, str], models: Path) -> Iterator[_Case]:
    """Both curves of an experiment, each cut at `SHARES`."""
    from tl_core.engine.learning_curve.training import measured_curves
    from tl_core.experiment.presets import PRESETS
    from tl_core.records import unwatched
    from tl_core.results.learning_curve import LearningCurveOptions

    spec = PRESETS["feature-extraction"].spec(settings)
    curves, classes = measured_curves(spec, LearningCurveOptions(), models, unwatched)
    for curve in curves:
        for share in SHARES:
            few = curve.images <= 1.01 * share * curve.images[-1]
            promised = fitted(measured_of(curve.images[few], curve.wrong[few]), classes).curve.promised
            for times, each in zip(TIMES, promised, strict=False):
                if times * share <= 1:
                    nearest = int(np.abs(curve.images - each.images).argmin())
                    yield _Case(times, each.error.low, each.error.high, float(curve.wrong[nearest].mean()))
