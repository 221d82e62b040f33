"""Loss and accuracy, held against what scikit-learn and Keras say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support

from tl_core.data.dataset import Item
from tl_core.engine import step
from tl_core.engine.results.reports import cross_entropy, report, squared_hinge

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 4, 50)
LOGITS = RANDOM.normal(size=(50, 4)).astype(np.float32) * 3


def test_cross_entropy_is_scikit_learns_log_loss() -> None:
    measured = cross_entropy(LOGITS, LABELS)
    assert measured.loss == pytest.approx(log_loss(LABELS, measured.scores, labels=range(4)))
    assert measured.accuracy == accuracy_score(LABELS, LOGITS.argmax(1))
    np.testing.assert_allclose(measured.scores.sum(axis=1), 1)


def test_the_loss_that_trains_is_the_loss_that_is_plotted() -> None:
    np.testing.assert_allclose(step.cross_entropy(LABELS, LOGITS), cross_entropy(LOGITS, LABELS).losses, rtol=1e-5)
    one, two = LOGITS[:, :1], LABELS % 2
    np.testing.assert_allclose(step.cross_entropy(two, one), cross_entropy(one, two).losses, rtol=1e-5)
    np.testing.assert_array_equal(step.predicted(one), cross_entropy(one, two).predictions)


def test_one_unit_says_the_same_as_two_that_differ_by_it() -> None:
    labels, one = LABELS % 2, LOGITS[:, :1]
    two = np.concatenate([np.zeros_like(one), one], axis=1)
    np.testing.assert_allclose(cross_entropy(one, labels).losses, cross_entropy(two, labels).losses)


def test_very_large_logits_give_finite_losses() -> None:
    measured = cross_entropy(np.array([[1e4, -1e4]], np.float32), np.array([1]))
    assert measured.loss == pytest.approx(2e4)


def test_squared_hinge_costs_the_square_of_what_a_margin_lacks_to_one_in_each_classifier() -> None:
    margins = np.array([[0.25, -2.0, 0.5], [1.5, -1.0, -3.0]])
    measured = squared_hinge(margins, np.array([0, 0]))
    assert measured.losses.tolist() == pytest.approx([0.75**2 + 0.0 + 1.5**2, 0.0])
    assert measured.predictions.tolist() == [2, 0]


def test_two_classes_have_one_svm_whose_loss_counts_once() -> None:
    measured = squared_hinge(np.array([[-0.25, 0.25]]), np.array([1]))
    assert measured.loss == pytest.approx(0.75**2)


def test_a_report_agrees_with_scikit_learn_and_lists_the_worst_mistakes_first() -> None:
    measured = cross_entropy(LOGITS, LABELS)
    items = [Item(f"a/{n}", int(label), str(n), str(n)) for n, label in enumerate(LABELS)]
    made = report(measured, ["a", "b", "c", "d"], items, "cross-entropy")
    assert made["confusion"] == confusion_matrix(LABELS, measured.predictions).tolist()
    precision, recall, f1, count = precision_recall_fscore_support(LABELS, measured.predictions)
    assert [row["f1"] for row in made["classes"]] == pytest.approx(f1.tolist())
    assert [row["precision"] for row in made["classes"]] == pytest.approx(precision.tolist())
    assert [row["recall"] for row in made["classes"]] == pytest.approx(recall.tolist())
    assert [row["images"] for row in made["classes"]] == count.tolist()
    losses = [row["loss"] for row in made["worst"]]
    assert losses == sorted(losses, reverse=True)
    assert all(row["label"] != row["predicted"] for row in made["worst"])
    assert losses[0] == pytest.approx(max(measured.losses[measured.predictions != LABELS]))


def test_a_class_without_images_has_no_recall_rather_than_a_recall_of_zero() -> None:
    measured = cross_entropy(np.array([[2.0, 0.0, 0.0]]), np.array([0]))
    rows = report(measured, ["a", "b", "c"], [Item("x", 0, "", "")], "cross-entropy")["classes"]
    assert rows[0]["recall"] == 1.0
    assert rows[2]["recall"] is None
