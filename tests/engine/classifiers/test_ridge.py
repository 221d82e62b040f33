"""Ridge regression for all penalties at once says what scikit-learn says for each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tests.each import for_each
from tl_core.engine.classifiers import ridge

SHAPES = {"more images than channels": (60, 12), "more channels than images": (25, 70), "as many": (30, 30)}
every_shape = for_each(("images", "channels"), SHAPES.values(), ids=SHAPES.keys())


def material(images: int, channels: int, classes: int = 4, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Features in which a class is a direction, of channels of very different size; float32 as they are stored."""
    random = np.random.default_rng([images, channels, classes])
    labels = np.arange(images) % classes
    signal = random.normal(size=(classes, channels))[labels]
    sizes = np.geomspace(0.01, 30, channels)
    return ((signal + spread * random.normal(size=(images, channels))) * sizes + 5).astype(np.float32), labels


def scikit_learns(features: np.ndarray, labels: np.ndarray, classes: int, alpha: float) -> Ridge:
    targets = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)
    return Ridge(alpha=alpha, solver="svd").fit(features, targets)


def centred(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Features less the mean of known ones, which then have a mean variance of 1."""
    known = known.astype(np.float64)
    return (features - known.mean(axis=0)) / np.sqrt(known.var(axis=0).mean())


@every_shape
@for_each("l2", [1e-6, 1e-3, 1e-1, 10.0])
@for_each("classes", [2, 5])
def test_outputs_are_those_of_scikit_learn_on_centred_features_of_one_scale(
    images: int, channels: int, l2: float, classes: int
) -> None:
    features, labels = material(images, channels, classes)
    known, asked = features[: images - 5], features[images - 5 :]
    solved = ridge.solve(known, labels[: images - 5], classes)
    scaled = centred(features, known)
    expected = scikit_learns(scaled[: images - 5], labels[: images - 5], classes, l2 * len(known))
    scale = np.abs(expected.predict(scaled)).max()
    np.testing.assert_allclose(solved.outputs(asked, l2), expected.predict(scaled[images - 5 :]), atol=1e-5 * scale)
    np.testing.assert_allclose(solved.fitted(l2), expected.predict(scaled[: images - 5]), atol=1e-5 * scale)


@every_shape
def test_what_is_said_of_an_image_left_out_is_what_a_solution_without_it_says(images: int, channels: int) -> None:
    features, labels = material(images, channels)
    solved, scaled = ridge.solve(features, labels, 4), centred(features, features)
    for l2 in (1e-3, 1.0):
        told = solved.left_out(l2)
        for image in (0, 7, images - 1):
            others = np.arange(images) != image
            expected = scikit_learns(scaled[others], labels[others], 4, l2 * images).predict(scaled[[image]])
            np.testing.assert_allclose(told[image], expected[0], atol=1e-5 * max(1, np.abs(expected).max()))


def test_of_features_that_are_noise_a_strong_penalty_is_chosen_and_of_clean_ones_a_weak_one_will_do() -> None:
    noise = np.random.default_rng(0).normal(size=(80, 60)).astype(np.float32)
    labels = np.arange(80) % 2
    noise[:, 0] += 2 * labels
    assert ridge.chosen(ridge.solve(noise, labels, 2), labels) >= 0.1
    clean, labels = material(200, 10, spread=0.3)
    assert ridge.chosen(ridge.solve(clean, labels, 4), labels) < 0.1


def test_a_channel_that_says_the_same_of_every_image_counts_for_nothing() -> None:
    features, labels = material(40, 6)
    constant = np.full((40, 1), 0.1, np.float32)
    with_it = ridge.solve(np.hstack([features, constant]), labels, 4)
    asked = np.hstack([features, constant + 3])
    np.testing.assert_allclose(with_it.outputs(asked, 0.1), ridge.solve(features, labels, 4).outputs(features, 0.1))


def test_features_without_anything_in_them_tell_the_commonest_class() -> None:
    labels = np.array([0, 1, 1, 1, 2])
    solved = ridge.solve(np.zeros((5, 3), np.float32), labels, 3)
    l2 = ridge.chosen(solved, labels)
    assert solved.outputs(np.ones((2, 3)), l2).argmax(axis=1).tolist() == [1, 1]


@pytest.mark.parametrize("classes", [2, 7])
def test_one_image_a_class_is_enough(classes: int) -> None:
    features, _ = material(classes, 20, classes, spread=0.0)
    labels = np.arange(classes)
    solved = ridge.solve(features, labels, classes)
    l2 = ridge.chosen(solved, labels)
    assert np.isfinite(solved.left_out(ridge.L2[0])).all()
    assert solved.outputs(features, l2).argmax(axis=1).tolist() == labels.tolist()
