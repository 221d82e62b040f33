"""Heads that are solved at once on the features of a bank: what each scores, and how it stands against the heads of a map."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import psutil

from tl_core.comparison import AgainstLowest, against_lowest, holm, mean_intervals
from tl_core.engine.bank.training import Arrays
from tl_core.engine.classifiers.calibration import temperature
from tl_core.engine.classifiers.solution import unwatched
from tl_core.engine.classifiers.solve import solution
from tl_core.engine.results.reports import cross_entropy
from tl_core.experiment.solved import CLOSED_FORM, SOLVED
from tl_core.experiment.spec import HeadSpec
from tl_core.intervals import Estimate, wilson_interval
from tl_core.metrics import Measured, expected_calibration_error
from tl_core.results.head_scores import HeadRow, HeadScore
from tl_core.text import data_size

COPIES = 4
"""Arrays of the size of a classifier's inputs, in float64, that solving it has in memory at once: given, scaled, in the eigenbasis, one more."""


@dataclass(frozen=True)
class Scored:
    """A solved head; measured: what it gives the validation images."""

    score: HeadScore
    measured: Measured


def closed_form_scores(
    arrays: Arrays, head: HeadSpec | None = None, seed: int = 0, classifiers: Iterable[str] = CLOSED_FORM
) -> Iterator[HeadScore]:
    """The score of each closed-form head, one after another.

    Args:
        arrays: Pooled features and labels.
        head: Its other settings, such as `head.projection_units`.
        seed: Of the random projection.
    """
    for classifier in classifiers:
        yield scored(arrays, head_of(classifier, head), seed).score


def head_of(classifier: str, head: HeadSpec | None = None) -> HeadSpec:
    """A head with another classifier."""
    return HeadSpec(**{**(head or HeadSpec()).model_dump(), "classifier": classifier})


def scored(arrays: Arrays, head: HeadSpec, seed: int = 0, watch: Callable[[], None] = unwatched) -> Scored:
    """Solves a head whose classifier gives probabilities; the validation images are used once, after all choices.

    Args:
        watch: Called many times; what it raises ends the solution.
    """
    began = time.monotonic()
    solved = solution(head, arrays.train, arrays.train_labels, arrays.classes, seed, watch)
    seconds = time.monotonic() - began
    outputs, labels = solved.outputs(arrays.validation), arrays.validation_labels
    measured = cross_entropy(outputs, labels)
    right = measured.predictions == labels
    low, high = wilson_interval(int(right.sum()), len(right))
    fitted = solved.outputs(arrays.train).argmax(axis=1) == arrays.train_labels
    score = HeadScore(
        classifier=head.classifier,
        accuracy=float(right.mean()),
        low=low,
        high=high,
        loss=measured.loss,
        best_loss=cross_entropy(outputs / temperature(outputs, labels), labels).loss,
        calibration_error=expected_calibration_error(measured) or 0.0,
        train_accuracy=float(np.mean(fitted)),
        seconds=seconds,
        selected=dict(solved.selected),
    )
    return Scored(score, measured)


def rows_against(
    losses: np.ndarray, arrays: Arrays, head: HeadSpec, seed: int, watch: Callable[[int], None]
) -> Iterator[tuple[HeadRow, ...]]:
    """The closed-form heads beside the cells of a map, once more after each; only the last have a p.

    Args:
        losses: Of the cells on the validation images, shape (seeds, cells, images).
        head: Its other settings, such as `head.projection_units`.
        seed: Of the random projection.
        watch: Called many times with the number of heads that are solved; what it raises ends the solution.
    """
    rows: list[HeadRow] = []
    stands: list[AgainstLowest] = []
    for classifier in CLOSED_FORM:
        if missing := _short_of_memory(head_of(classifier, head), arrays):
            rows.append(HeadRow(classifier, missing=missing))
        else:
            found = scored(arrays, head_of(classifier, head), seed, lambda: watch(len(rows)))
            one = found.measured.losses[None]
            stands.append(against_lowest(one, losses))
            ends = (float(end[0]) for end in mean_intervals(one))
            rows.append(HeadRow(classifier, found.score, Estimate(found.score.loss, *ends), stands[-1].behind))
        yield tuple(rows)
    yield _with_p(rows, stands)


def _with_p(rows: Sequence[HeadRow], stands: Sequence[AgainstLowest]) -> tuple[HeadRow, ...]:
    corrected = iter(holm([one.p for one in stands]))
    return tuple(replace(row, p=next(corrected)) if row.score else row for row in rows)


def _short_of_memory(head: HeadSpec, arrays: Arrays) -> str:
    """Why a head is not solved beside a map, which must not end for lack of memory; empty if it can be."""
    images, channels = arrays.train.shape
    inputs = head.projection_units if SOLVED[head.classifier].projects else channels
    needed, there = 8 * COPIES * images * inputs, psutil.virtual_memory().available
    if needed <= there:
        return ""
    return f"It takes about {data_size(needed)} of memory; {data_size(there)} are free."
