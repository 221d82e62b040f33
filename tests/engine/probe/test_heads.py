"""Scores of closed-form heads on given features."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tl_core.engine.bank.training import Arrays
from tl_core.engine.classifiers.solve import solution
from tl_core.engine.probe.heads import CLOSED_FORM, closed_form_scores
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import HeadSpec
from tl_core.results.head_scores import read_head_score


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
        assert read_head_score(json.loads(json.dumps(asdict(score)))) == score
