"""Solved classifiers, put into the network's last layer, are those of an outsider, and minimise what the docs say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from tl_core.engine.backend import keras
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.engine.training.solvers import solve
from tl_core.errors import RunStopped
from tl_core.experiment.spec import HeadSpec

RANDOM = np.random.default_rng(0)


def solved(classifier: str, labels: np.ndarray, features: np.ndarray, classes: int, l2: float = 1e-2) -> np.ndarray:
    """The outputs of a dense layer after solving."""
    inputs = keras.Input((features.shape[1],))
    model = keras.Model(inputs, keras.layers.Dense(classes, name=CLASSIFIER)(inputs))
    solve(model, HeadSpec(classifier=classifier, l2=l2), features, labels, classes)
    return np.asarray(model(features))


def material(classes: int) -> tuple[np.ndarray, np.ndarray]:
    labels = RANDOM.integers(0, classes, 120)
    return RANDOM.normal(size=(120, 6)).astype(np.float32) + labels[:, None] * 0.7, labels


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_gives_scikit_learns_probabilities(classes: int) -> None:
    features, labels = material(classes)
    logits = solved("logistic-regression", labels, features, classes)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    solver = LogisticRegression(C=1 / (2 * 120 * 1e-2), max_iter=2000, tol=1e-5).fit(features.astype(float), labels)
    np.testing.assert_allclose(probabilities, solver.predict_proba(features), atol=1e-4)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_linear_svm_gives_scikit_learns_margins_where_the_penalty_on_its_bias_vanishes(classes: int) -> None:
    """liblinear penalises the weight of a constant input, which is the bias; the larger the input, the less."""
    features, labels = material(classes)
    margins = solved("linear-svm", labels, features, classes)
    solver = LinearSVC(C=1 / (2 * 120 * 1e-2), dual=False, intercept_scaling=1e4, tol=1e-10, max_iter=20_000)
    expected = solver.fit(features.astype(float), labels).decision_function(features)
    np.testing.assert_allclose(margins[:, 1] if classes == 2 else margins, expected, atol=1e-4)
    np.testing.assert_array_equal(margins.argmax(axis=1), solver.predict(features))


def test_a_linear_svm_minimises_squared_hinge_and_the_penalty_on_weights_alone() -> None:
    """Features far from zero, where a penalty on the bias shows: at the minimum both gradients vanish."""
    features, labels = material(3)
    features = features * np.float32([1, 2, 0.5, 1, 0, 3]) + 4  # Of one channel, all values are the same.
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3, name=CLASSIFIER)(inputs))
    solve(model, HeadSpec(classifier="linear-svm", l2=0.02), features, labels, 3)
    kernel, bias = (np.asarray(weight, np.float64) for weight in model.get_layer(CLASSIFIER).get_weights())
    signs = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    by_margin = -2 * signs * np.maximum(0, 1 - signs * (features @ kernel + bias)) / len(labels)
    assert np.abs(by_margin.sum(axis=0)).max() < 1e-5
    assert np.abs(features.T @ by_margin + 2 * 0.02 * kernel).max() < 1e-4


def test_the_fit_of_a_linear_svm_can_be_stopped() -> None:
    features, labels = material(3)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3, name=CLASSIFIER)(inputs))
    before, calls = model.get_weights(), []

    def watch() -> None:
        calls.append(len(calls))
        if len(calls) == 3:
            raise RunStopped("on request")

    with pytest.raises(RunStopped):
        solve(model, HeadSpec(classifier="linear-svm", l2=1e-3), features, labels, 3, watch)
    assert len(calls) == 3
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_l2_means_the_same_as_in_the_softmax_head() -> None:
    """The solution is a stationary point of mean cross-entropy + l2 * sum of squared weights, as Keras counts them."""
    features, labels = material(3)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3, name=CLASSIFIER)(inputs))
    solve(model, HeadSpec(classifier="logistic-regression", l2=0.05), features, labels, 3)
    kernel = np.asarray(model.get_layer(CLASSIFIER).kernel, dtype=np.float64)
    logits = np.asarray(model(features), dtype=np.float64)
    errors = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[labels]
    gradient = features.T @ errors / len(labels) + 2 * 0.05 * kernel
    assert np.abs(gradient).max() < 1e-3


def test_a_class_without_training_images_is_never_the_answer() -> None:
    features, labels = material(2)
    outputs = solved("logistic-regression", labels * 2, features, classes=3)
    assert not (outputs.argmax(axis=1) == 1).any()
