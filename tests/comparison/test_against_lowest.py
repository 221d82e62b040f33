"""One candidate against the best of many: when it is called better or worse, and how often wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from tests.comparison.test_lowest import losses_of
from tl_core.comparison import LEVEL, AgainstLowest, against_lowest


def held(one: float, *many: float, images: int = 200, noise: float = 0.2, seed: int = 0) -> AgainstLowest:
    """A candidate of this expected loss against others, on images that are equally hard for all."""
    losses = losses_of(one, *many, images=images, noise=noise, seed=seed)
    return against_lowest(losses[:, 0], losses[:, 1:])


def test_a_clearly_worse_and_a_clearly_better_candidate_are_told_from_the_best() -> None:
    worse, better = held(0.2, 0.0, 0.05, 1.0), held(-0.2, 0.0, 0.05, 1.0)
    assert worse.p < 0.01 and worse.behind == pytest.approx(0.2, abs=0.05)
    assert better.p < 0.01 and better.behind == pytest.approx(-0.2, abs=0.05)


def test_a_candidate_between_the_others_is_worse_than_the_best_of_them() -> None:
    assert held(0.5, 0.0, 1.0, 1.0).p < 0.01


def test_one_that_is_better_than_all_but_its_equal_cannot_be_told_from_the_best() -> None:
    assert held(0.0, 0.0, 1.0, 1.0, 1.0).p > LEVEL


def called_worse(cases: int = 40) -> tuple[float, float]:
    """How often a candidate that is as good as each of 16 is called worse, and how often a test against the lowest alone would say so."""
    found = []
    for seed in range(cases):
        losses = losses_of(*[0.0] * 17, images=40, noise=1.0, seed=seed)
        one, many = losses[:, 0], losses[:, 1:]
        whole = against_lowest(one, many)
        alone = against_lowest(one, many[:, [many[0].mean(axis=1).argmin()]])
        found.append([answer.p < LEVEL and answer.behind > 0 for answer in (whole, alone)])
    corrected, naive = np.mean(found, axis=0)
    return float(corrected), float(naive)


def test_that_the_lowest_was_chosen_makes_no_equal_candidate_worse() -> None:
    corrected, naive = called_worse()
    assert corrected <= 0.05
    assert naive >= 0.1, "what the correction is for"


def test_a_few_images_that_are_badly_wrong_are_no_proof() -> None:
    losses = losses_of(0.0, 0.0, images=100, noise=0.01)
    losses[0, 0, 0] += 20.0
    assert against_lowest(losses[:, 0], losses[:, 1:]).p > LEVEL


def test_seeds_that_disagree_make_a_difference_less_certain() -> None:
    first, second = losses_of(0.08, 0.0), losses_of(0.08, 0.3, seed=1)
    assert against_lowest(first[:, 0], first[:, 1:]).p < LEVEL
    many = np.concatenate([first[:, 1:], second[:, 1:] - 0.3 + np.array([[[0.12]]])])
    assert against_lowest(first[:, 0], many).p > LEVEL


def test_equal_losses_and_a_single_image_tell_nothing() -> None:
    losses = losses_of(0.0)
    assert against_lowest(losses[:, 0], losses) == AgainstLowest(0.0, 1.0)
    assert held(9.0, 0.0, images=1).p == 1.0
