"""scikit-learn's classifiers, put into the network's last layer, say what scikit-learn says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from tl_core.engine.backend import keras
from tl_core.engine.networks.head import CLASSIFIER
from tl_core.engine.training.solvers import solve
from tl_core.experiment.spec import HeadSpec

RANDOM = np.random.default_rng(0)


def solved(classifier: str, labels: np.ndarray, features: np.ndarray, classes: int, l2: float = 1e-2) -> np.ndarray:
    """The outputs of a dense layer after solving."""
    inputs = keras.Input((features.shape[1],))
    model = keras.Model(inputs, keras.layers.Dense(classes, name=CLASSIFIER)(inputs))
    solve(model, HeadSpec(classifier=classifier, l2=l2), features, labels, classes, seed=0)
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
def test_a_linear_svm_gives_scikit_learns_margins(classes: int) -> None:
    features, labels = material(classes)
    margins = solved("linear-svm", labels, features, classes)
    solver = LinearSVC(C=1 / (2 * 120 * 1e-2), dual="auto", max_iter=20_000, random_state=0).fit(
        features.astype(float), labels
    )
    expected = solver.decision_function(features)
    np.testing.assert_allclose(margins[:, 1] if classes == 2 else margins, expected, atol=1e-4)
    np.testing.assert_array_equal(margins.argmax(axis=1), solver.predict(features))


def test_l2_means_the_same_as_in_the_softmax_head() -> None:
    """The solution is a stationary point of mean cross-entropy + l2 * sum of squared weights, as Keras counts them."""
    features, labels = material(3)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3, name=CLASSIFIER)(inputs))
    solve(model, HeadSpec(classifier="logistic-regression", l2=0.05), features, labels, 3, seed=0)
    kernel = np.asarray(model.get_layer(CLASSIFIER).kernel, dtype=np.float64)
    logits = np.asarray(model(features), dtype=np.float64)
    errors = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[labels]
    gradient = features.T @ errors / len(labels) + 2 * 0.05 * kernel
    assert np.abs(gradient).max() < 1e-3


def test_a_class_without_training_images_is_never_the_answer() -> None:
    features, labels = material(2)
    outputs = solved("logistic-regression", labels * 2, features, classes=3)
    assert not (outputs.argmax(axis=1) == 1).any()
