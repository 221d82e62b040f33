"""From outcomes to curves: what is fitted, what is doubted, what is promised, and what helps more."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.truth import laws
from benchmarks.truth.curves import curve_of, measured_of
from benchmarks.truth.laws import generate
from tl_core.engine.learning_curve.curves import answered, cross_fitted, fitted
from tl_core.engine.learning_curve.resampling import resampled
from tl_core.results.learning_curve import MARGIN, Answer, Doubt

IMAGES = np.array([50, 90, 125, 180, 250, 350, 500, 700, 1000])


def outcomes(errors: np.ndarray, draws: int = 4, validated: int = 400, seed: int = 0) -> np.ndarray:
    """Validation images with difficulties, the hardest of which are misclassified, with some chance."""
    random = np.random.default_rng(seed)
    difficulty = random.permutation(validated) / validated
    noise = random.normal(0, 0.05, (len(errors), draws, validated))
    return difficulty + noise > 1 - errors[:, None, None]


FALLING = 0.05 + 3 * IMAGES**-0.6


def test_a_falling_curve_promises_less_error_for_more_images_each_with_an_interval() -> None:
    found = fitted(measured_of(IMAGES, outcomes(FALLING)), classes=10).curve
    assert found.doubts == ()
    twice, four_times = found.promised
    assert (twice.images, four_times.images) == (2000, 4000)
    assert twice.error.low < 0.05 + 3 * 2000**-0.6 < twice.error.high
    assert 0 < twice.fall.value < four_times.fall.value
    assert twice.fall.high - twice.fall.low < twice.error.high - twice.error.low, "the same images measure both"
    assert (found.band[0].images, found.band[-1].images) == (pytest.approx(50), pytest.approx(4000))


def test_points_with_few_images_a_class_are_kept_and_not_fitted() -> None:
    errors = np.where(IMAGES < 100, 0.9, FALLING)
    found = fitted(measured_of(IMAGES, outcomes(errors)), classes=20).curve
    assert [point.fitted for point in found.points] == [False, False, *[True] * 7]
    assert found.doubts == (Doubt.FEW_A_CLASS,)
    assert found.law is not None and found.law.at(1000) == pytest.approx(FALLING[-1], abs=0.02)
    assert found.band[0].images == pytest.approx(125)


def test_too_few_points_have_no_law() -> None:
    found = fitted(measured_of(IMAGES, outcomes(FALLING)), classes=70).curve
    assert found.doubts == (Doubt.FEW_A_CLASS, Doubt.FEW_POINTS)
    assert found.law is None and found.promised == found.band == ()
    assert len(found.points) == len(IMAGES)


def test_a_curve_that_does_not_fall_is_doubted() -> None:
    found = fitted(measured_of(IMAGES, outcomes(np.full(len(IMAGES), 0.2))), classes=2).curve
    assert Doubt.NO_FALL in found.doubts
    assert found.promised[0].fall.value < MARGIN


def test_a_curve_that_follows_no_law_promises_nothing() -> None:
    errors = np.where(IMAGES < 300, 0.5, 0.1)
    found = fitted(measured_of(IMAGES, outcomes(errors, validated=2000)), classes=2).curve
    assert Doubt.BAD_FIT in found.doubts
    assert found.law is not None and found.promised == ()


def test_intervals_hold_other_validation_images_and_other_draws() -> None:
    """Few images and many: an interval of a point shrinks with their root, to what draws leave."""
    widths = []
    for validated in (100, 1600):
        found = resampled(outcomes(FALLING, validated=validated), IMAGES)
        low, high = np.quantile(found.errors[:, -1], [0.025, 0.975])
        widths.append(high - low)
    assert 2.5 < widths[0] / widths[1] < 5


def test_no_interval_of_an_error_goes_below_0_or_above_1() -> None:
    """Draws of few images differ by much, so another collection might too, though with all images hardly any is misclassified."""
    shares = np.linspace(0, 1, 4) * np.geomspace(1, 0.01, len(IMAGES))[:, None]
    wrong = np.stack([np.arange(300) < 300 * share for share in shares.ravel()]).reshape(len(IMAGES), 4, 300)
    found = fitted(measured_of(IMAGES, wrong), classes=2).curve
    errors = [point.error for point in found.points] + [each.error for each in (*found.band, *found.promised)]
    assert min(error.low for error in errors) == 0 and max(error.high for error in errors) <= 1


def test_what_draws_of_all_images_share_is_not_taken_for_certainty() -> None:
    """Draws of few images differ in how good they are; so does the whole collection, though its draws are one and the same."""
    random = np.random.default_rng(1)
    alike = outcomes(FALLING, validated=2000)
    shifted = FALLING[:, None] + random.normal(0, 1, (len(IMAGES), 4)) * 0.6 / np.sqrt(IMAGES)[:, None]
    shifted[-1] = FALLING[-1]
    differing = np.stack([outcomes(shifted[:, draw], 1, 2000)[:, 0] for draw in range(4)], axis=1)
    spread = [resampled(wrong, IMAGES).errors[:, -1].std() for wrong in (alike, differing)]
    assert spread[1] > 1.3 * spread[0]


@pytest.mark.parametrize(
    ("gain", "wanted"), [(0.0, Answer.DATA), (0.15, Answer.REGULARISATION), (0.02, Answer.UNCLEAR)]
)
def test_the_answer_is_what_lowers_the_error_by_more(gain: float, wanted: Answer) -> None:
    errors = 0.02 + 6 * IMAGES**-0.5
    own = fitted(measured_of(IMAGES, outcomes(errors, validated=400)), classes=2)
    stronger = fitted(measured_of(IMAGES, outcomes(errors - gain, validated=400)), classes=2)
    gained, more_than_data, answer = answered(own, stronger)
    assert gained.value == pytest.approx(gain, abs=0.03)
    assert more_than_data is not None and more_than_data.value == pytest.approx(
        gained.value - own.curve.promised[0].fall.value
    )
    if wanted is not Answer.UNCLEAR:
        assert answer is wanted


def test_neither_helps_where_both_curves_are_flat_and_alike() -> None:
    flat = outcomes(np.full(len(IMAGES), 0.1), validated=2000)
    curve = fitted(measured_of(IMAGES, flat), classes=2)
    assert answered(curve, curve)[2] is Answer.NEITHER


def test_a_penalty_that_hurts_does_not_make_more_images_help_where_the_error_does_not_fall() -> None:
    flat = np.full(len(IMAGES), 0.2)
    own, stronger = (
        fitted(measured_of(IMAGES, outcomes(errors, validated=100, seed=3)), classes=2)
        for errors in (flat, flat + 0.06)
    )
    assert Doubt.NO_FALL in own.curve.doubts
    assert answered(own, stronger)[2] is Answer.UNCLEAR


def test_few_validation_images_do_not_say_that_neither_helps() -> None:
    """None of 300 images is misclassified, with whatever images a head was trained: up to 3 of them could have been."""
    nothing_wrong = np.zeros((len(IMAGES), 4, 300), bool)
    curve = fitted(measured_of(IMAGES, nothing_wrong), classes=2)
    assert answered(curve, curve)[2] is Answer.UNCLEAR


def test_without_a_promise_there_is_no_answer() -> None:
    curve = fitted(measured_of(IMAGES, outcomes(FALLING)), classes=70)
    assert answered(curve, curve)[1:] == (None, Answer.UNKNOWN)


def test_choosing_among_equal_heads_makes_no_error_look_smaller() -> None:
    random = np.random.default_rng(0)
    wrong = random.random((8, 200, 2, 100)) < 0.3
    chosen, which = cross_fitted(wrong)
    assert chosen.mean() == pytest.approx(0.3, abs=0.01)
    assert wrong.mean(axis=(2, 3)).min(axis=0).mean() < 0.27, "the lowest of eight, measured where it was chosen"
    assert set(which.tolist()) == set(range(8))


def test_a_better_head_is_chosen_at_every_point() -> None:
    random = np.random.default_rng(0)
    wrong = random.random((2, 9, 4, 400)) < np.array([0.4, 0.2])[:, None, None, None]
    chosen, which = cross_fitted(wrong)
    assert np.array_equal(which, np.ones(9)) and np.array_equal(chosen, wrong[1])


def test_generated_curves_lie_in_their_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make truth` scores a thousand."""
    monkeypatch.setattr(laws, "COLLECTIONS", (300,))
    made = [generate(seed) for seed in range(10)]
    curves = [curve_of(each) for each in made]
    inside = [
        promised.error.low <= each.error(promised.images) <= promised.error.high
        for each, curve in zip(made, curves, strict=True)
        for promised in curve.promised
    ]
    assert len(inside) >= 16 and np.mean(inside) >= 0.8
