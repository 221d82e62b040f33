from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from tests.comparison.sides import flipped, recipes
from tl_core.comparison import Side
from tl_core.comparison.differences import accuracy_difference, loss_difference, t_quantile, t_tail
from tl_core.comparison.scores import mcnemar, score_ends


def test_the_interval_of_a_difference_in_accuracy_is_tangos():
    """As published for 1 and 7 flips of 21: -0.517 to -0.026 (Fagerland, Lydersen and Laake 2014)."""
    estimate = accuracy_difference(*flipped(1, 7, 21)).estimate
    assert (estimate.low, estimate.high) == pytest.approx((-0.517, -0.026), abs=5e-4)
    turned = accuracy_difference(*flipped(7, 1, 21)).estimate
    assert (turned.low, turned.high) == pytest.approx((0.026, 0.517), abs=5e-4)


@pytest.mark.parametrize("gained, lost, images", [(9, 1, 44), (0, 3, 50), (20, 20, 341), (2.5, 0.5, 100)])
def test_its_ends_are_the_differences_that_the_score_test_just_accepts(gained, lost, images):
    """The likelihood under an assumed difference maximised by SciPy rather than in closed form."""
    for difference in score_ends(gained, lost, images, 1.96):
        low = max(0.0, -difference)

        def unlikely(share, difference=difference):  # share: of lost images.
            both = 2 * share + difference
            terms = ((gained, share + difference), (lost, share), (images - gained - lost, 1 - both))
            return -sum(count * np.log(max(chance, 1e-300)) for count, chance in terms if count)

        share = optimize.minimize_scalar(
            unlikely, bounds=(low, (1 - difference) / 2), method="bounded", options={"xatol": 1e-10}
        ).x
        error = ((2 * share + difference - difference**2) / images) ** 0.5
        assert abs((gained - lost) / images - difference) / error == pytest.approx(1.96, abs=0.01)


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_flip_is_no_proof_of_equality(seeds):
    same = np.ones((seeds, 341), bool)
    difference = accuracy_difference(Side("A", same), Side("B", same))
    assert difference.estimate.low == pytest.approx(-0.011, abs=0.001)
    assert difference.estimate.high == pytest.approx(0.011, abs=0.001)
    assert difference.p == 1


@pytest.mark.parametrize("gained, lost", [(0, 0), (1, 0), (5, 5), (14, 3), (40, 60)])
def test_mcnemars_exact_test_is_that_of_scipy(gained, lost):
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected)


def test_the_interval_of_losses_agrees_with_scipys_bootstrap_where_tails_are_light():
    differences = np.random.default_rng(0).normal(0.1, 0.3, (1, 300))
    right = np.ones((1, 300), bool)
    estimate = loss_difference(Side("A", right, np.zeros((1, 300))), Side("B", right, differences)).estimate
    theirs = stats.bootstrap((differences[0],), np.mean, method="BCa", rng=0, n_resamples=2000).confidence_interval
    assert (estimate.low, estimate.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)
    assert estimate.value == pytest.approx(differences.mean())


def test_an_outlier_widens_the_interval_of_losses_beyond_students():
    loss = np.random.default_rng(0).normal(0, 0.1, (1, 60))
    loss[0, 0] = 9
    found = loss_difference(
        Side("A", np.ones((1, 60), bool), np.zeros((1, 60))), Side("B", np.ones((1, 60), bool), loss)
    ).estimate
    student = stats.t.interval(0.95, 59, loss.mean(), stats.sem(loss[0]))
    assert found.high - found.low > 1.2 * (student[1] - student[0])


def test_seeds_that_differ_as_much_as_recipes_widen_the_interval():
    """Five seeds a side that share their luck on all images: the mean of 2,000 images is exact, that of five seeds is not."""
    rng, images = np.random.default_rng(1), 2000
    sides = [
        Side(name, rng.random((5, images)) < accuracy[:, None])
        for name, accuracy in (
            ("A", np.array([0.7, 0.75, 0.8, 0.85, 0.9])),
            ("B", np.array([0.72, 0.77, 0.82, 0.87, 0.92])),
        )
    ]
    difference = accuracy_difference(*sides)
    assert difference.estimate.sign == 0
    assert difference.estimate.high - difference.estimate.low == pytest.approx(
        2 * stats.t.ppf(0.975, 8) * 0.05, rel=0.1
    )
    assert difference.seed_variance == pytest.approx(2 * 0.00625 / 5, rel=0.1)


def test_seeds_average_out_what_one_network_leaves_to_chance():
    one, five = (accuracy_difference(*recipes(seeds, 400, spread=1.5)).estimate for seeds in (1, 5))
    assert five.high - five.low < 0.75 * (one.high - one.low)


@pytest.mark.parametrize("seeds, images", [(1, 100), (5, 100)])
def test_intervals_of_two_recipes_cover_their_true_difference(seeds, images):
    """A short share of what make truth scores: 250 pairs of equal recipes; three standard errors around 95 %."""
    found = [recipes(seeds, images, number=number) for number in range(250)]
    accuracy = [accuracy_difference(a, b) for a, b in found]
    covered = np.mean([one.estimate.sign == 0 for one in accuracy])
    assert 0.909 <= covered <= 0.995
    assert np.mean([one.p < 0.05 for one in accuracy]) == pytest.approx(1 - covered, abs=0.02)


def test_losses_that_are_unknown_give_no_difference():
    a, b = flipped(1, 2, 20)
    assert loss_difference(a, b) is None
    known = Side("B", b.correct, np.full((1, 20), np.nan))
    assert loss_difference(Side("A", a.correct, np.zeros((1, 20))), known) is None


def test_losses_that_are_the_same_differ_by_nothing():
    side = Side("A", np.ones((1, 20), bool), np.arange(20.0)[None])
    found = loss_difference(side, side)
    assert (found.estimate.low, found.estimate.high, found.p) == (0, 0, 1)


def test_the_same_runs_always_give_the_same_interval():
    a, b = recipes(2, 100)
    assert loss_difference(a, b) == loss_difference(a, b)
    turned = loss_difference(b, a).estimate
    assert turned.negated.low == pytest.approx(loss_difference(a, b).estimate.low)


@pytest.mark.parametrize("freedom", [2.0, 8.0, math.inf])
def test_quantiles_and_tails_belong_together(freedom):
    assert t_tail(t_quantile(0.975, freedom), freedom) == pytest.approx(0.025)
