"""Generated histories: is overfitting found, are healthy runs left alone, does the interval of the onset cover the turn, are verdicts right?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from benchmarks.truth.courses import KINDS
from benchmarks.truth.generator import History, Sample, generate
from benchmarks.truth.judged import Judged
from benchmarks.truth.scores import Score
from tl_core.diagnosis import Diagnosis, diagnose
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord, RunState, Status
from tl_core.store import Epochs, Outputs

SEEDS = range(1000, 1020)
"""The histories of these seeds are scored: one of each kind a seed, of `MORE` kinds three. Limits were set on seeds below 100."""

QUICK = range(1000, 1002)

LONG, LONG_KINDS, LONG_IMAGES = (200, 1000, 5000), ("healthy", "overfitting", "overconfident"), 341
"""Long histories, so many epochs each: of every kind `LONG_SEEDS` are scored. No limit was set on any of them."""

LONG_SEEDS = range(2000, 2004)

MORE = ("healthy", "overfitting", "overconfident", "wrong labels")


EXPECTED = {
    "healthy": {"healthy", "too-few-images", "plateau"},
    "wrong labels": {"memorised-labels"},
    "not finished": {"not-finished", "rate-too-low"},
    "rate too low": {"rate-too-low"},
    "rate too high": {"rate-too-high", "diverged"},
    "underfitting": {"underfitting"},
    "dead start": {"dead-start"},
    "class collapse": {"class-collapse"},
    "leaking": {"leaking"},
    "chance in use": {"batch-statistics"},
}
"""For kinds of history, the verdicts of which one has to be found."""


@dataclass(frozen=True)
class Case(Judged):
    """A history and what the lab says about it."""

    history: History
    diagnosis: Diagnosis


def cases(seeds: Iterable[int]) -> list[Case]:
    kinds = [*KINDS, *MORE, *MORE]
    made = (
        generate(kind, seed + 100_000 * kinds[:place].count(kind)) for seed in seeds for place, kind in enumerate(kinds)
    )
    return [Case(history, diagnosed(history)) for history in made]


def long_cases(lengths: Iterable[int], seeds: Iterable[int]) -> list[Case]:
    made = [generate(kind, seed, LONG_IMAGES, length) for length, seed, kind in product(lengths, seeds, LONG_KINDS)]
    return [Case(history, diagnosed(history)) for history in made]


def diagnosed(history: History) -> Diagnosis:
    """What the lab says about a history."""
    images = {"train": history.trained, "validation": len(history.validation.labels), "test": 0}
    state = RunState(Status.FINISHED, images=images, classes=history.classes, epoch=len(history.population))
    twins = history.twins if history.twins.any() else None
    records = Epochs(list(_records(history)))
    return diagnose(ExperimentSpec(), state, records, outputs(history.validation), outputs(history.train), twins)


def outputs(sample: Sample) -> Outputs:
    loss = sample.loss.astype(np.float32)
    return Outputs(sample.labels.astype(np.int32), sample.predicted.astype(np.int32), np.exp(-loss), loss)


def _records(history: History) -> Iterator[EpochRecord]:
    accuracy, loss = history.reported
    for epoch in range(len(history.population)):
        figures = {"accuracy": accuracy[epoch], "loss": loss[epoch]}
        for split, sample in (("train_eval", history.train), ("val", history.validation)):
            figures |= {f"{split}_accuracy": sample.accuracy[epoch], f"{split}_loss": sample.loss[epoch].mean()}
        yield EpochRecord(epoch + 1, "head", {name: float(value) for name, value in figures.items()})


def measure(quick: bool) -> Iterator[Score]:
    found = cases(QUICK if quick else SEEDS)
    yield from detection(found)
    yield from onset(found)
    yield from power(found)
    yield effect(found)
    yield from verdicts(found)
    yield from lengths(quick)


def lengths(quick: bool) -> Iterator[Score]:
    """Long histories, a few: jumps of so many epochs must not look like turns."""
    for length in LONG[:1] if quick else LONG:
        found, what = long_cases([length], LONG_SEEDS), f"generated, {length:,} epochs"
        yield from list(detection(found, what))[1:3]
        yield from onset(found, what)


def detection(found: Sequence[Case], what: str = "generated") -> Iterator[Score]:
    clear = [case for case in found if case.history.turned is not None and case.history.kind != "chance in use"]
    turned, flat = ([case for case in clear if case.history.turned is truth] for truth in (True, False))
    right, false = sum(case.called for case in turned), sum(case.called for case in flat)
    f1 = 2 * right / max(right + false + len(turned), 1)
    yield Score(f"{what}: overfitting found, F1", f1, len(clear), low=0.95)
    yield Score(f"{what}: overfitting found, of those that overfit", right / max(len(turned), 1), len(turned))
    yield Score(f"{what}: false alarms, of those that do not", false / max(len(flat), 1), len(flat), high=0.05)
    healthy = [case for case in flat if case.history.kind == "healthy"]
    alarms = sum(case.called for case in healthy) / max(len(healthy), 1)
    yield Score(f"{what}: false alarms, of healthy runs", alarms, len(healthy), high=0.05)


def onset(found: Sequence[Case], what: str = "generated") -> Iterator[Score]:
    turns = [(case.history, turn) for case in found if case.history.turned and (turn := case.diagnosis.turn)]
    covered = [turn.low <= history.lowest[1] and history.lowest[0] <= turn.high for history, turn in turns]
    widths = [(turn.high - turn.low + 1) / turn.last for _, turn in turns]
    note = f"its width: {np.median(widths):.0%} of the epochs in the median" if widths else ""
    low, high = (0.93, 0.97) if len(turns) >= 100 else (None, None)  # Of few, one is more than the target is wide.
    yield Score(f"{what}: interval of the onset covers the true turn", _mean(covered), len(turns), low, high, note)


RISES = (0.01, 0.03, 0.1, 0.3, 1.0, np.inf)


def power(found: Sequence[Case]) -> Iterator[Score]:
    """How often a rise is called overfitting, by its size and the number of images; without a target."""
    for few, many in ((100, 200), (341, 600), (1000, 2000)):
        for low, high in pairwise(RISES):
            within = [
                case.called
                for case in found
                if low < case.history.rise <= high and few <= len(case.history.validation.labels) <= many
            ]
            if within:
                yield Score(
                    f"generated: found, rise {_between(low, high)}, {few} to {many} images",
                    _mean(within),
                    len(within),
                )


def _between(low: float, high: float) -> str:
    return f"above {low:.0%}" if np.isinf(high) else f"of {low:.0%} to {high:.0%}"


def effect(found: Sequence[Case]) -> Score:
    """How often a rise shows that is about as large as the smallest effect named, which is to show in 80 % of the cases; without a target."""
    shown = []
    for case in found:
        rise, named = case.history.rise * case.history.population.min(), case.diagnosis.smallest_effect
        if named and 0.8 < rise / named < 1.25:
            shown.append(case.diagnosis.turn is not None)
    return Score("generated: a rise as large as the smallest effect named shows", _mean(shown), len(shown))


def verdicts(found: Sequence[Case]) -> Iterator[Score]:
    """How often the verdict that a history was made for is found."""
    for kind, names in EXPECTED.items():
        those = [case for case in found if case.history.kind == kind]
        right = [bool(case.verdicts & names) for case in those]
        yield Score(f"generated: {kind}: found", _mean(right), len(those))


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")
