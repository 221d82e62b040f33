"""Scores of heads that are solved at once, on given features: every closed-form head in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from tl_core.engine.bank.training import Arrays
from tl_core.engine.classifiers.calibration import temperature
from tl_core.engine.classifiers.solution import unwatched
from tl_core.engine.classifiers.solve import solution
from tl_core.engine.results.reports import cross_entropy
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import HeadSpec
from tl_core.intervals import wilson_interval
from tl_core.metrics import expected_calibration_error
from tl_core.results.head_scores import HeadScore

CLOSED_FORM = tuple(row.name for row in SOLVED if "head.l2" not in row.uses)
"""Classifiers without a penalty to set."""


def closed_form_scores(
    arrays: Arrays,
    head: HeadSpec | None = None,
    seed: int = 0,
    classifiers: Iterable[str] = CLOSED_FORM,
    watch: Callable[[], None] = unwatched,
) -> Iterator[HeadScore]:
    """The score of each closed-form head, one after another; validation images are used once, after all choices.

    Args:
        arrays: Pooled features and labels.
        head: Its other settings, such as `head.projection_units`.
        seed: Of the random projection.
        watch: Called many times; what it raises ends the scoring.
    """
    for classifier in classifiers:
        settings = {**(head or HeadSpec()).model_dump(), "classifier": classifier}
        yield head_score(arrays, HeadSpec(**settings), seed, watch)


def head_score(arrays: Arrays, head: HeadSpec, seed: int = 0, watch: Callable[[], None] = unwatched) -> HeadScore:
    """The score of a head whose classifier is solved at once and gives probabilities."""
    began = time.monotonic()
    solved = solution(head, arrays.train, arrays.train_labels, arrays.classes, seed, watch)
    seconds = time.monotonic() - began
    outputs, labels = solved.outputs(arrays.validation), arrays.validation_labels
    measured = cross_entropy(outputs, labels)
    right = measured.predictions == labels
    low, high = wilson_interval(int(right.sum()), len(right))
    fitted = solved.outputs(arrays.train).argmax(axis=1) == arrays.train_labels
    return HeadScore(
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
