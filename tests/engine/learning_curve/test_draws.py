"""Draws of training images: a share of each class, whole groups, and another draw each time."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tl_core.engine.learning_curve.draws import drawn

LABELS = np.repeat([0, 1, 2], [100, 40, 4])
ALONE = [str(place) for place in range(len(LABELS))]


def draw(fraction: float, groups: list[str] = ALONE, seed: int = 0) -> np.ndarray:
    return drawn(LABELS, groups, fraction, np.random.default_rng(seed))


def test_a_draw_has_its_share_of_every_class_and_at_least_one_image() -> None:
    assert Counter(LABELS[draw(0.25)].tolist()) == {0: 25, 1: 10, 2: 1}
    assert Counter(LABELS[draw(0.01)].tolist()) == {0: 1, 1: 1, 2: 1}
    assert len(set(draw(0.5).tolist())) == 72


def test_draws_differ_and_the_whole_is_everything() -> None:
    assert not np.array_equal(draw(0.5, seed=1), draw(0.5, seed=2))
    assert np.array_equal(draw(1.0), np.arange(len(LABELS)))


def test_a_group_is_taken_whole_or_not_at_all() -> None:
    groups = [f"{label}/{place // 4}" for place, label in enumerate(LABELS)]
    for seed in range(5):
        taken = set(draw(0.3, groups, seed).tolist())
        for group in set(groups):
            members = {place for place, name in enumerate(groups) if name == group}
            assert members <= taken or not members & taken or group.startswith("2/"), "the last class is a single group"


def test_a_class_that_is_one_large_group_keeps_an_image() -> None:
    groups = ["same" if label == 1 else str(place) for place, label in enumerate(LABELS)]
    assert 1 in LABELS[draw(0.05, groups)]
