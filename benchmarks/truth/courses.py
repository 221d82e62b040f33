"""The kinds of generated histories: what a network is like in each epoch, drawn at random within a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Course:
    """What a network is like in each epoch: arrays of shape (epochs,), except single numbers.

    Attributes:
        jump: Standard deviation of the biases of the classes, from epoch to epoch.
        hard: Standard deviation of clarity.
        wrong: Share of the training images with another class's label.
        val_wrong: Share of the validation images, and of the population, with such a label.
        leaked: Share of the validation images that are trained on.
        easier: What is added to the clarity of validation images.
        lost: Number of classes that are never predicted.
        fooled: Whether the network guesses when it does not train.
    """

    signal: np.ndarray
    noise: np.ndarray
    own: np.ndarray
    temperature: np.ndarray
    jump: float = 0.0
    hard: float = 0.5
    wrong: float = 0.0
    val_wrong: float = 0.0
    leaked: float = 0.0
    easier: float = 0.0
    lost: int = 0
    fooled: bool = False


def _grown(epochs: int, pace: float) -> np.ndarray:
    """From near 0 to 1: what is left to learn falls by a factor e in `pace` epochs."""
    return np.asarray(1 - np.exp(-np.arange(1, epochs + 1) / pace))


def _after(epochs: int, start: float, power: float) -> np.ndarray:
    """0 up to a share of the epochs, then up to 1 at the end."""
    done = np.arange(1, epochs + 1) / epochs
    return np.asarray((np.maximum(done - start, 0) / (1 - start)) ** power)


def _learned(rng: np.random.Generator, epochs: int) -> Course:
    """A course that has learned what there is to learn by a third of its epochs, and memorises nothing."""
    signal = rng.uniform(2.5, 6) * _grown(epochs, epochs * rng.uniform(0.04, 0.12))
    nil = np.zeros(epochs)
    return Course(
        signal, nil + rng.uniform(0, 0.5), nil, nil + 1, np.exp(rng.uniform(-4.6, -0.9)), rng.uniform(0.3, 0.7)
    )


def _healthy(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    own = rng.uniform(0, 1.5) * _grown(epochs, epochs * rng.uniform(0.1, 0.3))
    return replace(course, own=own, val_wrong=float(rng.choice((0, 0.02))))


def _overfitting(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    shape = _after(epochs, rng.uniform(0.05, 0.5), rng.uniform(0.7, 1.5))
    strength = np.exp(rng.uniform(np.log(0.8), np.log(5)))
    return replace(course, noise=course.noise + strength * shape, own=2 * strength * shape, temperature=1 + 0.3 * shape)


def _overconfident(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    shape = _after(epochs, rng.uniform(0.1, 0.5), rng.uniform(0.7, 1.5))
    hotter = 1 + np.exp(rng.uniform(np.log(0.5), np.log(4))) * shape
    # Training lowers the loss of its own images: what it memorises outweighs the growing certainty.
    own = rng.uniform(1, 2) * course.signal.max() * shape
    return replace(course, own=own, temperature=hotter, hard=rng.uniform(0.6, 1.0))


def _wrong_labels(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    shape = _after(epochs, rng.uniform(0.05, 0.3), 1.0)
    level = course.signal.max() * rng.uniform(1.8, 2.6)
    return replace(course, noise=course.noise + 0.35 * level * shape, own=level * shape, wrong=rng.uniform(0.1, 0.35))


def _unfinished(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    return replace(course, signal=rng.uniform(4, 7) * _grown(epochs, epochs * rng.uniform(0.5, 1.0)), jump=0.02)


def _too_low(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    return replace(course, signal=rng.uniform(0.6, 1.4) * np.arange(1, epochs + 1) / epochs, jump=0.0)


def _too_high(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    hot = rng.uniform(1.5, 4) * np.ones(epochs)
    return replace(course, temperature=hot, jump=rng.uniform(3, 8), noise=course.noise + 1)


def _underfitting(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _learned(rng, epochs)
    signal = rng.uniform(0.8, 1.5) * _grown(epochs, epochs * rng.uniform(0.03, 0.08))
    return replace(course, signal=signal, hard=rng.uniform(0.8, 1.2), jump=0.02)


def _dead(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    nil = np.zeros(epochs)
    return Course(nil, nil, nil, nil + 0.01, 0.01)


def _collapsed(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    return replace(_healthy(rng, epochs, classes), lost=int(rng.integers(1, classes)))


def _leaking(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    course = _healthy(rng, epochs, classes)
    return replace(course, leaked=rng.uniform(0.2, 0.9), own=course.own + 2)


def _fooled(rng: np.random.Generator, epochs: int, classes: int) -> Course:
    return replace(_healthy(rng, epochs, classes), fooled=True)


KINDS: dict[str, Callable[[np.random.Generator, int, int], Course]] = {
    "healthy": _healthy,
    "overfitting": _overfitting,
    "overconfident": _overconfident,
    "wrong labels": _wrong_labels,
    "not finished": _unfinished,
    "rate too low": _too_low,
    "rate too high": _too_high,
    "underfitting": _underfitting,
    "dead start": _dead,
    "class collapse": _collapsed,
    "leaking": _leaking,
    "chance in use": _fooled,
}
