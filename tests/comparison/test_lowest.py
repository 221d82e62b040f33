"""Which of many candidates may have the lowest loss: what is left out of the set, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.comparison import lowest_set, mean_intervals


def losses_of(*means: float, images: int = 200, noise: float = 0.2, seed: int = 0) -> np.ndarray:
    """Candidates with these expected losses on images that are equally hard for all; shape (1, candidates, images)."""
    draw = np.random.default_rng(seed)
    hardness = draw.exponential(1.0, images)
    return np.stack([hardness + mean + noise * draw.normal(size=images) for mean in means])[None]


def test_what_is_clearly_worse_is_left_out_and_what_is_nearly_as_good_is_not() -> None:
    assert lowest_set(losses_of(0.0, 0.01, 0.5, 0.02, 1.0)).tolist() == [True, True, False, True, False]


def test_a_difference_shows_through_images_that_are_hard_for_all() -> None:
    # The losses of a candidate vary by 1 from image to image, and candidates differ by a twentieth of that.
    assert lowest_set(losses_of(0.0, 0.1, noise=0.2)).tolist() == [True, False]


def test_the_first_of_equal_candidates_holds_its_place_more_often_than_one_test_in_twenty_would_have_it() -> None:
    held = [lowest_set(losses_of(*[0.0] * 8, images=60, noise=1.0, seed=seed))[0] for seed in range(25)]
    assert np.mean(held) >= 0.88


def test_equal_candidates_with_long_tails_are_not_left_out_more_often_than_one_in_twenty() -> None:
    """A few images wrong with certainty make nearly all of a loss: 100 images show three of them."""
    draw = np.random.default_rng(7)
    losses = [8 * (draw.random((4, 100)) < 0.03) * draw.exponential(size=(4, 100)) for _ in range(60)]
    assert np.mean([~lowest_set(each[None]) for each in losses]) <= 0.05


def test_equal_losses_are_told_apart_by_nothing() -> None:
    losses = np.repeat(losses_of(0.0), 3, axis=1)
    assert lowest_set(losses).tolist() == [True, True, True]


def test_a_few_images_that_one_candidate_gets_badly_wrong_are_no_proof() -> None:
    losses = losses_of(0.0, 0.0, images=100, noise=0.01)
    losses[0, 1, 0] += 20.0
    assert lowest_set(losses).tolist() == [True, True]


def test_seeds_that_disagree_keep_a_candidate_in_that_one_seed_would_leave_out() -> None:
    first, second = losses_of(0.0, 0.08), losses_of(0.1, 0.09, seed=1)
    same = np.concatenate([first, first])
    assert lowest_set(same).tolist() == [True, False]
    assert lowest_set(np.concatenate([first, second])).tolist() == [True, True]


@pytest.mark.parametrize("images", (1, 2))
def test_one_or_two_images_leave_the_best_in(images: int) -> None:
    losses = losses_of(0.0, 5.0, images=images)
    assert lowest_set(losses)[losses[0].mean(axis=1).argmin()]


def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    values = draw.exponential(1.0, (400, 150))
    low, high = mean_intervals(values)
    assert 0.91 <= ((low <= 1) & (high >= 1)).mean() <= 0.98
    assert (low <= values.mean(axis=1)).all() and (values.mean(axis=1) <= high).all()
