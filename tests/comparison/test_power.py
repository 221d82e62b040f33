from __future__ import annotations

import numpy as np
import pytest

from tests.comparison.sides import flipped
from tl_core.comparison import wording
from tl_core.comparison.differences import accuracy_difference
from tl_core.comparison.power import MOST_IMAGES, images_needed, images_to_show, smallest_difference


@pytest.mark.parametrize(
    "images, disagreement, points",
    [(341, 0.04, 3.0), (341, 0.08, 4.3), (341, 0.12, 5.3), (1000, 0.04, 1.8), (1000, 0.08, 2.5), (1000, 0.12, 3.1)],
)
def test_the_smallest_difference_is_that_of_tables(images, disagreement, points):
    assert 100 * smallest_difference(images, disagreement) == pytest.approx(points, abs=0.07)


def test_a_difference_larger_than_the_disagreement_needs_all_flips_one_way():
    assert smallest_difference(50, 0.001) == pytest.approx(smallest_difference(50, 0.1), abs=0.03)
    assert smallest_difference(341, 0.0) > 0
    assert smallest_difference(1, 0.1) == 1


def test_it_is_found_four_times_in_five():
    """2,000 draws of 341 images: three standard errors are 2.7 points."""
    difference = smallest_difference(341, 0.08)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(341, [(0.08 + difference) / 2, (0.08 - difference) / 2, 0.92], 2000)
    found = {
        tuple(row): accuracy_difference(*flipped(row[0], row[1], 341)).estimate.sign > 0
        for row in np.unique(drawn[:, :2], axis=0)
    }
    assert np.mean([found[tuple(row)] for row in drawn[:, :2]]) == pytest.approx(0.80, abs=0.05)


def test_the_images_needed_show_the_observed_difference():
    assert images_needed(0.03, 0.01, 0.08, 0.0) == pytest.approx(images_to_show(0.03, 0.08), rel=0.02)


def test_a_difference_of_nothing_needs_the_images_that_show_equality():
    """Both tests have to find it, so that each needs a power of 90 %."""
    needed = images_needed(0.0, 0.01, 0.08, 0.0)
    assert needed == pytest.approx(0.08 * (1.645 + 1.2816) ** 2 / 0.01**2, rel=0.01)
    error = np.sqrt(0.08 / needed)
    seen = np.random.default_rng(0).normal(0, error, 200_000)
    assert np.mean(np.abs(seen) + 1.645 * error < 0.01) == pytest.approx(0.8, abs=0.01)


def test_where_seeds_differ_by_too_much_no_number_of_images_is_enough():
    assert images_needed(0.01, 0.01, 0.08, 0.01**2) is None
    assert images_needed(0.02, 0.01, 0.08, 0.00001) > images_needed(0.02, 0.01, 0.08, 0.0)
    assert images_needed(1e-9, 1e-6, 0.1, 0.0) is None
    assert MOST_IMAGES > 1e6


def test_what_validation_images_can_show_is_said_before_a_run_starts():
    assert wording.visible_text(341) == (
        "341 validation images can show a difference of 4.3 points between two runs: in four of five comparisons, if they disagree on 8 % of the "
        "images; of 3 points on 4 %."
    )
    assert wording.visible_text(10).startswith("10 validation images can hardly tell two runs apart: differences below")
