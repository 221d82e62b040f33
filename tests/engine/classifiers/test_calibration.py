"""The temperature and the folds it is fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.engine.classifiers import ridge
from tl_core.engine.classifiers.calibration import FOLDS, calibrated, cross_fitted, temperature
from tl_core.engine.classifiers.solution import Solution, Task
from tl_core.experiment.spec import HeadSpec

RANDOM = np.random.default_rng(1)


def task(labels: list[int]) -> Task:
    return Task(RANDOM.normal(size=(len(labels), 3)), np.array(labels), HeadSpec())


def test_the_temperature_of_labels_drawn_at_one_is_found() -> None:
    logits = RANDOM.normal(size=(20_000, 4)) * 3
    noise = RANDOM.gumbel(size=logits.shape)  # The highest of logits and such noise is drawn from their softmax.
    labels = (logits / 2.5 + noise).argmax(axis=1)
    assert temperature(logits, labels) == pytest.approx(2.5, rel=0.03)
    assert temperature(logits * 40, labels) == pytest.approx(40 * temperature(logits, labels), rel=1e-2)


def test_outputs_that_classify_every_image_correctly_do_not_become_certain() -> None:
    labels = np.arange(100) % 2
    outputs = np.where(labels[:, None] == np.arange(2), 0.3, -0.3)
    odds = np.exp(0.6 / temperature(outputs, labels))
    assert odds == pytest.approx(201, rel=0.01), "100 images, and half of one more that may be wrong"


def test_no_image_is_judged_by_a_solution_that_saw_it_and_each_fold_has_every_class() -> None:
    labels = [0] * 7 + [1] * 11 + [2] * 2
    seen: list[np.ndarray] = []

    def fit(some: Task) -> Solution:
        seen.append(some.features)
        assert set(some.labels) == {0, 1, 2}
        return Solution((np.zeros((3, 3)), np.full(3, float(len(seen)))))

    whole = task(labels)
    found = cross_fitted(whole, fit)
    assert found is not None
    outputs, _ = found
    for image, by in enumerate(outputs[:, 0].astype(int)):
        assert not (seen[by - 1] == whole.features[image]).all(axis=1).any()
    assert len(seen) == FOLDS


def test_a_class_with_one_image_is_left_out_of_the_folds() -> None:
    found = cross_fitted(task([0, 0, 0, 5, 3, 3]), lambda some: Solution((np.zeros((3, 2)), np.zeros(2))))
    assert found is not None
    assert found[1].tolist() == [0, 0, 0, 1, 1]


def test_images_that_are_alone_in_their_class_do_not_make_ridge_regression_say_that_all_classes_are_as_likely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Left out, each is misclassified, which would make the best temperature infinite."""
    alone = ridge.fit(task([0, 1]))
    assert "temperature" not in alone.selected and "not calibrated" in caplog.text
    labels = np.repeat(np.arange(10), [8, 8, *[1] * 8])
    apart = 6 * np.eye(10)[labels] + RANDOM.normal(size=(24, 10))
    found = ridge.fit(Task(apart, labels, HeadSpec()))
    without = ridge.fit(Task(apart[:16], labels[:16], HeadSpec()))
    assert found.selected["temperature"] == pytest.approx(without.selected["temperature"], rel=0.5)


def test_without_two_images_of_two_classes_nothing_is_calibrated_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = calibrated(task([0, 1, 2]), lambda some: Solution((np.ones((3, 3)), np.zeros(3))))
    assert "temperature" not in found.selected
    assert "not calibrated" in caplog.text
