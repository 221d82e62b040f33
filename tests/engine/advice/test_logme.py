"""LogME against the evidence it is meant to maximise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from tl_core.engine.advice.logme import logme


def evidence(features: np.ndarray, target: np.ndarray, alpha: float, beta: float) -> float:
    """The log evidence of Bayesian linear regression, from its definition (Bishop 2006, equation 3.86)."""
    images, channels = features.shape
    precision = alpha * np.eye(channels) + beta * features.T @ features
    weights = beta * np.linalg.solve(precision, features.T @ target)
    errors = np.square(features @ weights - target).sum()
    determinant = np.linalg.slogdet(precision)[1]
    fit = images * np.log(beta) + channels * np.log(alpha) - images * np.log(2 * np.pi)
    return float(fit - beta * errors - alpha * weights @ weights - determinant) / 2


@pytest.mark.parametrize(("images", "channels"), [(60, 8), (40, 90)], ids=["more images", "more channels"])
def test_it_is_the_highest_evidence_that_direct_maximisation_finds(images: int, channels: int) -> None:
    rng, classes = np.random.default_rng(0), 3
    labels = rng.integers(0, classes, images)
    features = rng.normal(size=(images, channels)) + 0.8 * (labels[:, None] == np.arange(channels) % classes)
    highest = []
    for label in range(classes):
        target = (labels == label).astype(float)

        def objective(logs: np.ndarray, target: np.ndarray = target) -> float:
            return -evidence(features, target, *np.exp(logs))

        # Beyond these bounds, where the weights of some class fit without error, the matrix cannot be inverted precisely.
        bounds, options = [(-5.0, 15.0)] * 2, {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 2000}
        found = [
            minimize(objective, start, method="Nelder-Mead", bounds=bounds, options=options)
            for start in ((0.0, 0.0), (3.0, 3.0))
        ]
        highest.append(-min(one.fun for one in found))
    assert logme(features, labels, classes) == pytest.approx(np.mean(highest) / images, abs=1e-5)


def test_features_that_tell_the_classes_apart_score_higher_than_noise() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 200)
    noise = rng.normal(size=(200, 20))
    scores = [logme(noise + strength * np.eye(20)[labels], labels, 4) for strength in (0.0, 0.5, 1.0, 2.0)]
    assert scores == sorted(scores) and scores[0] < scores[-1] - 0.1


def test_constant_features_and_a_class_without_images_have_a_finite_score() -> None:
    labels = np.array([0, 1] * 10)
    assert np.isfinite(logme(np.zeros((20, 5)), labels, 3))
    assert np.isfinite(logme(np.eye(20), labels, 2)), "features that fit every label"
