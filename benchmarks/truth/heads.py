"""Cheap heads whose true accuracy and loss are known: many seeds of several recipes, measured on a pool of thousands of held-out images.

The images are scikit-learn's handwritten digits, each several times with noise of its own; features are random (Rahimi and Recht 2007).
Training images are 200 digits, whose copies are not in the pool. The truth about a network is its mean over the pool, that about a recipe
the mean over all its seeds too: validation images and seeds are drawn from there with replacement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

FEATURES, COPIES, NOISE, TRAINED, BATCH = 256, 8, 0.18, 200, 32

RECIPES: dict[str, dict[str, float]] = {
    "plain": {"epochs": 20, "rate": 3e-3},
    "dropout": {"epochs": 25, "rate": 3e-3, "dropout": 0.5},
    "l2": {"epochs": 25, "rate": 3e-3, "l2": 3e-3},
    "long": {"epochs": 80, "rate": 1e-2},
    "weak": {"epochs": 4, "rate": 3e-3},
}
"""long: overfits, so that its losses have heavy tails. weak: clearly worse than the others."""


@dataclass(frozen=True)
class Outcomes:
    """Of the seeds of a recipe on the pool: bool and float64, shape (seeds, images)."""

    correct: np.ndarray
    loss: np.ndarray


def pool(seeds: int) -> dict[str, Outcomes]:
    """The outcomes of every recipe."""
    images = _images()
    return {
        name: _outcomes(_train(images.train, images.labels, range(seeds), **settings), images.held_out, images.answers)
        for name, settings in RECIPES.items()
    }


def losses_by_epoch(seeds: int, settings: dict[str, float], every: int) -> np.ndarray:
    """Of the seeds of a recipe on the pool, after every so many epochs: float32, shape (epochs, seeds, images)."""
    images = _images()
    trained = enumerate(_epochs(images.train, images.labels, range(seeds), **settings), 1)
    kept = (heads for epoch, heads in trained if epoch % every == 0)
    return np.stack([_outcomes(heads, images.held_out, images.answers).loss.astype(np.float32) for heads in kept])


@dataclass(frozen=True)
class _Images:
    """Features and labels for training, and those of the pool."""

    train: np.ndarray
    labels: np.ndarray
    held_out: np.ndarray
    answers: np.ndarray


@cache
def _images() -> _Images:
    from sklearn.datasets import load_digits

    digits = load_digits()
    draw = np.random.default_rng(5)
    order = draw.permutation(len(digits.target))
    pixels, labels = (digits.data / 16)[order].astype(np.float32), digits.target[order]
    projection = draw.normal(0, 0.25, (pixels.shape[1], FEATURES)).astype(np.float32)

    def features(images: np.ndarray) -> np.ndarray:
        return np.maximum((images + draw.normal(0, NOISE, images.shape).astype(np.float32)) @ projection, 0)

    train = features(pixels[:TRAINED])
    held_out = features(np.tile(pixels[TRAINED:], (COPIES, 1)))
    return _Images(train, labels[:TRAINED], held_out, np.tile(labels[TRAINED:], COPIES))


def _train(
    inputs: np.ndarray, labels: np.ndarray, seeds: Sequence[int], epochs: float, **settings: float
) -> tuple[np.ndarray, np.ndarray]:
    """The kernels and biases of `_epochs` after the last epoch."""
    *_, last = _epochs(inputs, labels, seeds, epochs, **settings)
    return last


def _epochs(
    inputs: np.ndarray,
    labels: np.ndarray,
    seeds: Sequence[int],
    epochs: float,
    rate: float,
    dropout: float = 0.0,
    l2: float = 0.0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Softmax regressions trained by Adam, all seeds at once, after each epoch: kernels of shape (seeds, features, classes), and biases."""
    draws = [np.random.default_rng(seed) for seed in seeds]
    classes = int(labels.max()) + 1
    targets = np.eye(classes, dtype=np.float32)[labels]
    scale = (2 / (inputs.shape[1] + classes)) ** 0.5
    kernels = np.stack([draw.normal(0, scale, (inputs.shape[1], classes)) for draw in draws]).astype(np.float32)
    weights: list[np.ndarray] = [kernels, np.zeros((len(draws), 1, classes), np.float32)]
    first, second = ([np.zeros_like(one) for one in weights] for _ in range(2))
    step = 0
    for _ in range(int(epochs)):
        orders = np.stack([draw.permutation(len(inputs)) for draw in draws])
        for start in range(0, len(inputs), BATCH):
            chosen, step = orders[:, start : start + BATCH], step + 1
            read = inputs[chosen]
            if dropout:
                masks = np.stack([draw.random(read.shape[1:], dtype=np.float32) >= dropout for draw in draws])
                read = read * masks / np.float32(1 - dropout)
            error = (np.exp(_log_softmax(read @ weights[0] + weights[1])) - targets[chosen]) / chosen.shape[1]
            slopes = [read.transpose(0, 2, 1) @ error + 2 * l2 * weights[0], error.sum(axis=1, keepdims=True)]
            for place, slope in enumerate(slopes):
                first[place] = 0.9 * first[place] + 0.1 * slope
                second[place] = 0.999 * second[place] + 0.001 * slope**2
                length = np.sqrt(second[place] / (1 - 0.999**step)) + 1e-7
                weights[place] = weights[place] - np.float32(rate) * (first[place] / (1 - 0.9**step)) / length
        yield weights[0], weights[1]


def _outcomes(heads: tuple[np.ndarray, np.ndarray], inputs: np.ndarray, labels: np.ndarray) -> Outcomes:
    logs = [_log_softmax(inputs @ kernel + bias) for kernel, bias in zip(*heads, strict=True)]
    rows = np.arange(len(labels))
    correct = np.stack([log.argmax(axis=-1) == labels for log in logs])
    return Outcomes(correct, np.stack([-log[rows, labels] for log in logs]).astype(np.float64))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
