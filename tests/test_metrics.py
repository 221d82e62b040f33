"""The table of metrics, and what its rows compute, held against scikit-learn and plain arithmetic."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tl_core import metrics
from tl_core.engine.results.reports import cross_entropy, squared_hinge
from tl_core.metrics import METRICS, Measured, expected_calibration_error, macro_f1

DICE = np.random.default_rng(0)


def guessed(labels: np.ndarray, predictions: np.ndarray, classes: int) -> Measured:
    return Measured(np.eye(classes)[predictions], np.zeros(len(labels)), predictions, labels)


@pytest.mark.parametrize("classes, images", [(2, 5), (4, 50), (10, 12), (30, 40)])
def test_macro_f1_is_scikit_learns_also_where_classes_are_absent(classes: int, images: int) -> None:
    for _ in range(20):
        labels, predictions = DICE.integers(0, classes, images), DICE.integers(0, classes, images)
        expected = f1_score(labels, predictions, average="macro", zero_division=0)
        assert macro_f1(guessed(labels, predictions, classes)) == pytest.approx(expected, abs=1e-12)


def test_a_class_that_is_neither_a_label_nor_predicted_does_not_count() -> None:
    labels = np.array([0, 0, 1])
    assert macro_f1(guessed(labels, labels, 5)) == 1.0


def plain_ece(measured: Measured) -> float:
    total = 0.0
    for low in range(15):
        inside = [
            (float(scores.max()), float(prediction == label))
            for scores, prediction, label in zip(measured.scores, measured.predictions, measured.labels, strict=True)
            if low / 15 < scores.max() <= (low + 1) / 15
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            total += len(inside) / len(measured.labels) * abs(right - confidence)
    return total


@pytest.mark.parametrize("units", [1, 2, 7])
def test_calibration_error_is_that_of_a_plain_loop(units: int) -> None:
    for _ in range(10):
        logits, labels = DICE.normal(size=(80, units)) * 3, DICE.integers(0, max(units, 2), 80)
        measured = cross_entropy(logits, labels)
        assert expected_calibration_error(measured) == pytest.approx(plain_ece(measured), abs=1e-12)


def test_a_bin_includes_its_upper_edge_and_not_its_lower_one() -> None:
    edge = 9 / 15  # Two images that would share a bin, were the lower edge in it, and then cancel out.
    scores = np.array([[edge, 1 - edge], [edge + 0.01, 0.39]])
    measured = Measured(scores, np.zeros(2), np.array([0, 0]), np.array([0, 1]))
    assert expected_calibration_error(measured) == pytest.approx((1 - edge + edge + 0.01) / 2)


def test_a_perfectly_sure_and_correct_network_is_perfectly_calibrated() -> None:
    measured = cross_entropy(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 1]))
    assert expected_calibration_error(measured) == 0.0


def test_margins_have_a_macro_f1_and_no_calibration_error() -> None:
    found = metrics.measure("val", squared_hinge(DICE.normal(size=(9, 3)), DICE.integers(0, 3, 9)))
    assert {"val_loss", "val_accuracy", "val_macro_f1"} <= found.keys()
    assert "val_ece" not in found


def test_each_split_is_measured_by_its_rows() -> None:
    measured = cross_entropy(DICE.normal(size=(9, 3)), DICE.integers(0, 3, 9))
    assert metrics.measure("train", measured) == {}
    assert metrics.measure("train_eval", measured) == {
        "train_eval_loss": measured.loss,
        "train_eval_accuracy": measured.accuracy,
    }


def test_rows_say_what_they_need_to() -> None:
    for row in METRICS:
        assert row.help.endswith("."), row.name
        assert row.name.startswith({"train": "", "train_eval": "train_eval_", "val": "val_"}[row.split])
    assert len({row.title for row in METRICS}) == len({row.column for row in METRICS}) == len(METRICS)
    assert metrics.quantities() == ("accuracy", "loss", "macro F1", "calibration error")


def test_the_table_is_light() -> None:
    code = "import sys, json, tl_core.metrics, tl_core.records; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"pandas", "keras", "tensorflow", "sklearn", "pydantic"}.intersection(loaded)
