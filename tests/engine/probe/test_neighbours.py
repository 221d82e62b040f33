"""Nearest neighbours are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from tl_core.engine.probe import neighbours


def material(images: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(images)
    labels = random.integers(0, classes, images)
    return (random.normal(size=(images, 8)) + 0.8 * np.eye(8)[labels] * 2).astype(np.float32), labels


def scikit_learns(count: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(count, metric="cosine", algorithm="brute")


@pytest.mark.parametrize("count", neighbours.COUNTS)
def test_votes_are_those_of_scikit_learn(count: int) -> None:
    features, labels = material(1200)
    known, asked = features[:600], features[600:]  # More than one portion of each.
    near = labels[:600][neighbours.nearest(asked, known, count)]
    expected = scikit_learns(count).fit(known, labels[:600]).predict(asked)
    np.testing.assert_array_equal(neighbours.voted(near, count, 3), expected)


def test_neighbours_come_nearest_first_and_an_image_is_not_its_own() -> None:
    features, _ = material(700)
    found = neighbours.nearest(features, features, 5, own=np.arange(700))
    assert not (found == np.arange(700)[:, None]).any()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    likeness = np.take_along_axis(unit @ unit.T, found, axis=1)
    assert (np.diff(likeness, axis=1) <= 1e-6).all()


@pytest.mark.long
def test_the_number_of_neighbours_is_the_one_that_leaving_each_image_out_finds_best() -> None:
    features, labels = material(150)
    shares = [cross_val_score(scikit_learns(k), features, labels, cv=LeaveOneOut()).mean() for k in neighbours.COUNTS]
    count, share = neighbours.chosen(features, labels, 3)
    assert count == neighbours.COUNTS[int(np.argmax(shares))]
    assert share == pytest.approx(max(shares))


def test_of_many_training_images_some_are_asked_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = material(900)
    whole = neighbours.chosen(features, labels, 3)[1]
    monkeypatch.setattr(neighbours, "ASKED", 300)
    assert neighbours.chosen(features, labels, 3)[1] == pytest.approx(whole, abs=0.06)


def test_two_images_are_enough_one_is_not_recognised_and_features_of_zeros_break_nothing() -> None:
    assert neighbours.chosen(np.eye(2, dtype=np.float32), np.array([0, 1]), 2) == (1, 0.0)
    assert neighbours.chosen(np.eye(1, dtype=np.float32), np.array([0]), 2) == (1, 0.0)
    zeros = np.zeros((4, 3), np.float32)
    assert neighbours.nearest(zeros, zeros, 2).shape == (4, 2)
