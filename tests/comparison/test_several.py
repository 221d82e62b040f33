from __future__ import annotations

import numpy as np
import pytest

from tl_core.comparison import Side, expected_fall, holm, rank, wording


def test_holms_correction_is_the_published_one():
    """Holm's example: the smallest of four p is multiplied by four, the next by three; none is below one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_equal_networks_are_rarely_called_different_however_many_there_are():
    """Family-wise error of 120 draws of five equal networks: 5 %, and three standard errors."""
    wrong = 0
    for number in range(120):
        rng = np.random.default_rng(number)
        chance = rng.beta(3, 1, 150)
        sides = [Side(f"{place}", (rng.random(150) < chance)[None]) for place in range(5)]
        wrong += any(pair.differs for pair in rank(sides).pairs)
    assert wrong / 120 <= 0.05 + 3 * (0.05 * 0.95 / 120) ** 0.5


def test_the_best_is_named_with_those_that_are_as_good():
    right = np.ones((4, 400), bool)
    right[0, :100] = False
    right[1, :12] = False
    right[2, 10:20] = False
    right[3, :200] = False
    found = rank([Side(name, of[None]) for name, of in zip("ABCD", right, strict=True)])
    assert (found.best, found.order, found.as_good) == (2, (2, 1, 0, 3), (1,))
    first, as_good, fall = wording.ranking_text(found)
    assert first == "The best of 4 is C, 97.5 %."
    assert as_good == "It cannot be told from B, corrected for 6 pairs (Holm)."
    assert "on new ones" in fall
    assert found.pair(0, 2) is found.pair(2, 0)


def test_of_equal_accuracies_the_lower_loss_comes_first():
    right = np.ones((1, 10), bool)
    assert rank([Side("A", right, np.ones((1, 10))), Side("B", right, np.zeros((1, 10)))]).order == (1, 0)


def test_the_expected_fall_of_the_best_is_what_it_loses_on_new_images():
    """300 draws of eight equal networks on 150 images: the mean estimate against the mean fall, whose standard error is 0.1 points."""
    falls, estimates = [], []
    for number in range(300):
        rng = np.random.default_rng(number)
        right = rng.random((8, 150)) < 0.8
        falls.append(right.mean(axis=1).max() - 0.8)
        estimates.append(expected_fall(right) if number < 60 else np.nan)
    assert np.nanmean(estimates) == pytest.approx(np.mean(falls), abs=0.012)


def test_a_clear_winner_is_expected_to_lose_nothing():
    right = np.random.default_rng(0).random((2, 500)) < np.array([[0.95], [0.5]])
    assert abs(expected_fall(right)) < 0.002


def test_it_takes_two():
    with pytest.raises(ValueError, match="takes two"):
        rank([Side("A", np.ones((1, 3), bool))])
