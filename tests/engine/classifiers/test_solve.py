"""Solved classifiers, put into the network's last layer, are those of an outsider, and minimise what the docs say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeClassifierCV
from sklearn.metrics import log_loss
from sklearn.neighbors import NearestCentroid
from sklearn.svm import LinearSVC

from tests.each import for_each
from tl_core.engine.backend import keras
from tl_core.engine.classifiers.ridge import L2
from tl_core.engine.classifiers.solution import Solution, rectified
from tl_core.engine.classifiers.solve import assign, solution
from tl_core.engine.networks.head import attach
from tl_core.errors import RunStopped
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import HeadSpec

RANDOM = np.random.default_rng(0)
CALIBRATED = [row.name for row in SOLVED if "head.l2" not in row.uses]


def head_of(classifier: str, l2: float = 1e-2) -> HeadSpec:
    return HeadSpec(classifier=classifier, l2=l2 if "head.l2" in SOLVED[classifier].uses else 0.0, projection_units=64)


def network_of(head: HeadSpec, channels: int, classes: int) -> keras.Model:
    """A head on feature maps of a single pixel."""
    maps = keras.Input((1, 1, channels))
    return keras.Model(maps, attach(maps, head, classes, 0))


def solved(classifier: str, labels: np.ndarray, features: np.ndarray, classes: int, l2: float = 1e-2) -> np.ndarray:
    """The outputs of a network after solving."""
    head = head_of(classifier, l2)
    model = network_of(head, features.shape[1], classes)
    assign(solution(head, features, labels, classes), model)
    return np.asarray(model(features[:, None, None]))


def material(classes: int, images: int = 120) -> tuple[np.ndarray, np.ndarray]:
    labels = RANDOM.integers(0, classes, images)
    return RANDOM.normal(size=(images, 6)).astype(np.float32) + labels[:, None] * 0.7, labels


def probabilities(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def centred(features: np.ndarray) -> np.ndarray:
    """Of mean variance 1."""
    wide = features.astype(float) - features.mean(axis=0, dtype=float)
    return wide / np.sqrt(wide.var(axis=0).mean())


@for_each("classifier", SOLVED.names)
def test_the_network_outputs_what_was_solved(classifier: str) -> None:
    features, labels = material(3)
    expected = solution(head_of(classifier), features, labels, 3).outputs(features.astype(float))
    np.testing.assert_allclose(solved(classifier, labels, features, 3), expected, atol=1e-4 * np.abs(expected).max())


@for_each("classes", [2, 4])
def test_ridge_selects_the_penalty_that_scikit_learn_selects_and_has_its_outputs(classes: int) -> None:
    features, labels = material(classes)
    found = solution(HeadSpec(classifier="ridge"), features, labels, classes)
    inputs, alpha = centred(features), found.selected["l2"] * len(labels)
    expected = RidgeClassifier(alpha=alpha).fit(inputs, labels).decision_function(inputs)
    outputs = found.outputs(features) * found.selected["temperature"]
    np.testing.assert_allclose(outputs[:, 1] if classes == 2 else outputs, expected, atol=1e-6)
    if classes > 2:  # Of two it scores the sign of the target rather than the class.
        selecting = RidgeClassifierCV(alphas=np.multiply(L2, len(labels)), scoring="accuracy").fit(inputs, labels)
        assert found.selected["left_out_accuracy"] == pytest.approx(selecting.best_score_)


@for_each("classes", [2, 4])
def test_lda_has_the_posteriors_of_scikit_learn_with_the_same_shrinkage(classes: int) -> None:
    features, labels = material(classes)
    found = solution(HeadSpec(classifier="lda"), features, labels, classes)
    outsider = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=found.selected["shrinkage"])
    expected = outsider.fit(features.astype(float), labels).predict_proba(features)
    logits = found.outputs(features) * found.selected["temperature"]
    np.testing.assert_allclose(probabilities(logits), expected, atol=1e-5)
    assert 0 < found.selected["shrinkage"] < 1


@for_each("classes", [2, 4])
def test_the_nearest_mean_is_scikit_learns_nearest_centroid(classes: int) -> None:
    features, labels = material(classes)
    outputs = solution(HeadSpec(classifier="nearest-mean"), features, labels, classes).outputs(features)
    expected = NearestCentroid().fit(features.astype(float), labels).predict(features.astype(float))
    np.testing.assert_array_equal(outputs.argmax(axis=1), expected)


def test_a_random_projection_is_ridge_on_rectified_random_features() -> None:
    features, labels = material(4)
    found = solution(HeadSpec(classifier="random-projection", projection_units=32), features, labels, 4, seed=3)
    assert found.projection is not None
    projected = rectified(features.astype(float), found.projection)
    expected = solution(HeadSpec(classifier="ridge"), projected, labels, 4)
    np.testing.assert_allclose(found.outputs(features), expected.outputs(projected), rtol=1e-6, atol=1e-6)


def test_the_seed_alone_decides_the_random_projection() -> None:
    features, labels = material(3)

    def drawn(seed: int) -> Solution:
        return solution(HeadSpec(classifier="random-projection", projection_units=32), features, labels, 3, seed)

    first, again, other = (drawn(seed).projection for seed in (1, 1, 2))
    assert first and again and other
    np.testing.assert_array_equal(first[0], again[0])
    assert np.abs(first[0] - other[0]).max() > 0.1


def test_a_random_projection_separates_what_no_linear_classifier_does() -> None:
    """Two classes in opposite quarters of a plane."""
    features = RANDOM.normal(size=(400, 2)).astype(np.float32)
    labels = (features.prod(axis=1) > 0).astype(int)

    def accuracy(classifier: str) -> float:
        return float((solved(classifier, labels, features, 2).argmax(axis=1) == labels).mean())

    assert accuracy("ridge") < 0.65
    assert accuracy("random-projection") > 0.95


@for_each("classifier", CALIBRATED)
def test_probabilities_are_calibrated_on_images_never_seen(classifier: str) -> None:
    """Their loss is nearly that of the temperature that suits those images best; before, outputs are of another scale altogether."""
    features, labels = material(4, 3000)
    found = solution(head_of(classifier), features[:300], labels[:300], 4)
    logits, rest = found.outputs(features[300:]), labels[300:]

    def loss(exponent: float) -> float:
        return float(log_loss(rest, probabilities(logits * np.exp(exponent))))

    assert loss(0.0) < minimize_scalar(loss, bounds=(-5, 5), method="bounded").fun * 1.03


@for_each("classifier", SOLVED.names)
def test_classes_with_a_single_image_or_none_are_no_obstacle(classifier: str) -> None:
    features = RANDOM.normal(size=(9, 6)).astype(np.float32)
    for labels in ([0, 0, 0, 0, 2, 2, 2, 2, 3], [0, 0, 0, 0, 0, 0, 0, 0, 3], [8, 7, 6, 5, 4, 3, 2, 1, 0]):
        outputs = solved(classifier, np.array(labels), features, 10)
        assert np.isfinite(outputs).all()
        assert set(outputs.argmax(axis=1)) <= set(labels)


@for_each("classifier", SOLVED.names)
def test_a_class_without_training_images_is_not_predicted_far_from_all_others_either(classifier: str) -> None:
    labels = np.arange(60) % 3
    features = np.random.default_rng(0).normal(size=(60, 6)) + labels[:, None] + 1
    far = np.concatenate([features, -features]) * 1e5
    outputs = solution(head_of(classifier), features, labels, 4).outputs(far)
    assert set(outputs.argmax(axis=1)) <= {0, 1, 2}


@for_each("classifier", SOLVED.names)
def test_a_channel_that_never_changes_is_ignored(classifier: str) -> None:
    features, labels = material(3)
    features[:, 2] = 4.0
    assert np.isfinite(solved(classifier, labels, features, 3)).all()


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_gives_scikit_learns_probabilities(classes: int) -> None:
    features, labels = material(classes)
    found = probabilities(solved("logistic-regression", labels, features, classes))
    solver = LogisticRegression(C=1 / (2 * 120 * 1e-2), max_iter=2000, tol=1e-5).fit(features.astype(float), labels)
    np.testing.assert_allclose(found, solver.predict_proba(features), atol=1e-4)


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
    kernel, bias = solution(HeadSpec(classifier="linear-svm", l2=0.02), features, labels, 3).output
    signs = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    by_margin = -2 * signs * np.maximum(0, 1 - signs * (features @ kernel + bias)) / len(labels)
    assert np.abs(by_margin.sum(axis=0)).max() < 1e-5
    assert np.abs(features.T @ by_margin + 2 * 0.02 * kernel).max() < 1e-4


def test_the_fit_of_a_linear_svm_can_be_stopped() -> None:
    features, labels = material(3)
    calls = list[int]()

    def watch() -> None:
        calls.append(len(calls))
        if len(calls) == 3:
            raise RunStopped("on request")

    with pytest.raises(RunStopped):
        solution(HeadSpec(classifier="linear-svm", l2=1e-3), features, labels, 3, watch=watch)
    assert len(calls) == 3


def test_l2_means_the_same_as_in_the_softmax_head() -> None:
    """The solution is a stationary point of mean cross-entropy + l2 * sum of squared weights, as Keras counts them."""
    features, labels = material(3)
    found = solution(HeadSpec(classifier="logistic-regression", l2=0.05), features, labels, 3)
    errors = probabilities(found.outputs(features)) - np.eye(3)[labels]
    gradient = features.T @ errors / len(labels) + 2 * 0.05 * found.output[0]
    assert np.abs(gradient).max() < 1e-3
