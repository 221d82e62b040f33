"""Heads that are solved at once, and how they stand against the first."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.engine.advice.estimates import mean
from tl_core.engine.advice.heads import Read, solved_heads
from tl_core.results.advice import SolvedHead


def heads(*read: Read, images: int = 60) -> list[SolvedHead]:
    return list(solved_heads(read, labels(images), 3, 64, 0, lambda done: None))


def labels(images: int) -> np.ndarray:
    return np.arange(images) % 3


def features(noise: float, images: int = 60) -> np.ndarray:
    """The classes, in eight channels, with noise."""
    rng = np.random.default_rng(0)
    return np.eye(3)[labels(images)] @ rng.normal(size=(3, 8)) + noise * rng.normal(size=(images, 8))


def test_a_head_is_compared_with_the_first_image_by_image() -> None:
    noisy, clear = features(3.0), features(0.3)
    first, _, same, _, better, _ = heads(
        Read(("a", "b"), True, noisy), Read(("b",), False, noisy), Read(("c",), False, clear)
    )
    assert (first.joined, first.cut, first.mirror, first.difference) == (("a", "b"), "b", True, None)
    assert (same.joined, same.mirror) == ((), False)
    assert same.difference is not None and (same.difference.low, same.difference.high) == (0, 0) and not same.better
    assert better.better and better.difference is not None
    assert better.difference.value == pytest.approx(better.loss.value - first.loss.value)


def test_it_can_be_stopped_before_each_head() -> None:
    seen: list[int] = []
    list(solved_heads([Read(("a",), False, features(1.0))] * 2, labels(60), 3, 64, 0, seen.append))
    assert seen == [0, 1, 2, 3]


def test_of_equal_heads_few_are_called_better_than_the_first() -> None:
    """At most 5 % of measurements may: seven heads that differ from the first by chance alone."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(1000):
        lost = rng.gamma(1.0, size=(8, 150))
        wrong += any(mean(one - lost[0], comparisons=7).sign < 0 for one in lost[1:])
    assert wrong <= 50
