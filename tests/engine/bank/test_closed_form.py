"""Closed-form heads on given features: what they score, and how they stand against the cells of a map."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.engine.conftest import quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.engine.bank import closed_form
from tl_core.engine.bank.closed_form import closed_form_scores, head_of, rows_against, scored
from tl_core.engine.bank.grid import read
from tl_core.engine.bank.training import Arrays
from tl_core.engine.classifiers.solve import solution
from tl_core.experiment.solved import CLOSED_FORM, SOLVED
from tl_core.experiment.spec import ExperimentSpec, HeadSpec
from tl_core.plan.inactive_settings import active_part
from tl_core.records import from_json
from tl_core.results.head_scores import HeadRow, HeadScore


def arrays(images: int = 200, channels: int = 8, classes: int = 3) -> Arrays:
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, 2 * images)
    features = (random.normal(size=(2 * images, channels)) + np.eye(classes, channels)[labels] * 2).astype(np.float32)
    return Arrays(features[:images], labels[:images], features[images:], labels[images:], classes)


def test_every_classifier_that_needs_no_penalty_is_scored_on_the_validation_images() -> None:
    data, head = arrays(), HeadSpec(projection_units=32)
    found = list(closed_form_scores(data, head, seed=2))
    assert [score.classifier for score in found] == list(CLOSED_FORM)
    assert {"ridge", "lda", "nearest-mean", "random-projection"} <= set(CLOSED_FORM) < set(SOLVED.names)
    for score in found:
        settings = HeadSpec(classifier=score.classifier, projection_units=32)
        logits = solution(settings, data.train, data.train_labels, 3, seed=2).outputs(data.validation)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = raised / raised.sum(axis=1, keepdims=True)
        assert score.accuracy == (logits.argmax(axis=1) == data.validation_labels).mean()
        assert score.loss == pytest.approx(log_loss(data.validation_labels, probabilities))
        assert score.low < score.accuracy < score.high
        assert score.best_loss <= score.loss + 1e-6
        assert from_json(HeadScore, json.loads(json.dumps(asdict(score)))) == score


def cells_of(*shifts: float) -> np.ndarray:
    """Losses of cells that differ from those of ridge by a constant on each image and a little noise: shape (1, cells, images)."""
    data = arrays()
    ridge = scored(data, HeadSpec(classifier="ridge")).measured.losses
    noise = np.random.default_rng(1).normal(scale=0.02, size=(len(shifts), len(ridge)))
    return (ridge + np.array(shifts)[:, None] + noise)[None]


def rows_of(losses: np.ndarray, data: Arrays | None = None) -> list[tuple[HeadRow, ...]]:
    return list(rows_against(losses, data or arrays(), HeadSpec(projection_units=32), 2, lambda _: None))


def test_heads_are_told_from_the_best_cell_on_the_same_images_once_all_are_solved() -> None:
    *growing, whole = rows_of(cells_of(0.0, 0.5))
    assert [len(rows) for rows in growing] == [1, 2, 3, 4]
    assert all(row.standing is None for rows in growing for row in rows)
    assert tuple(row.classifier for row in whole) == CLOSED_FORM
    assert whole[0].standing == "cannot tell"
    scores = {score.classifier: score for score in closed_form_scores(arrays(), HeadSpec(projection_units=32), seed=2)}
    for row in whole:
        assert row.score and row.loss
        assert row.score == replace(scores[row.classifier], seconds=row.score.seconds)
        assert row.loss.low < row.score.loss == row.loss.value < row.loss.high


@pytest.mark.parametrize(("shift", "standing"), [(-0.3, "worse"), (0.3, "better")])
def test_ridge_is_worse_than_a_map_with_one_better_cell_and_better_than_one_without(
    shift: float, standing: str
) -> None:
    row = rows_of(cells_of(shift, 0.5))[-1][0]
    assert row.standing == standing
    assert row.behind == pytest.approx(-shift, abs=0.01)


def test_more_heads_need_more_certainty(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = cells_of(-0.3)
    of_four = rows_of(losses)[-1][0].p
    monkeypatch.setattr(closed_form, "CLOSED_FORM", ("ridge",))
    of_one = rows_of(losses)[-1][0].p
    assert of_one and of_four == pytest.approx(4 * of_one), "Holm: the most certain of four"


def test_a_head_that_does_not_fit_into_memory_is_said_and_the_others_are_solved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = SimpleNamespace(
        available=8 * closed_form.COPIES * 200 * 20
    )  # Enough for 20 inputs; the projection has 32 units.
    monkeypatch.setattr(closed_form.psutil, "virtual_memory", lambda: memory)
    whole = {row.classifier: row for row in rows_of(cells_of(0.0))[-1]}
    assert "of memory" in whole["random-projection"].missing and whole["random-projection"].standing is None
    assert all(row.standing for name, row in whole.items() if name != "random-projection")
    assert [from_json(HeadRow, json.loads(json.dumps(asdict(row)))) for row in whole.values()] == list(whole.values())


@pytest.mark.slow
def test_a_row_has_the_figures_of_the_run_that_it_becomes(
    shared_models: Path, trained: Callable[[ExperimentSpec], store.Run]
) -> None:
    spec = small_spec(head__dropout=0.5, train__seed=3, head__projection_units=64)
    _, read_arrays = read(spec, shared_models, quiet)
    classifier = "random-projection"
    found = scored(read_arrays, head_of(classifier, spec.head), spec.train.seed).score
    run = trained(active_part(spec.with_values({"head.classifier": classifier})).spec)
    (line,) = read_lines(run)
    assert line["val_loss"] == pytest.approx(found.loss, abs=1e-4)
    assert (line["val_accuracy"], line["train_eval_accuracy"]) == (found.accuracy, found.train_accuracy)
