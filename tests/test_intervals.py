"""How certain an accuracy is said to be."""

from __future__ import annotations

import pytest

from tl_core.intervals import Accuracy, Estimate, wilson_interval


@pytest.mark.parametrize(
    ("right", "images", "low", "high"),
    # Statistics package R 4: prop.test(right, images, correct = FALSE)
    [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_the_interval_is_wilsons(right: int, images: int, low: float, high: float) -> None:
    assert wilson_interval(right, images) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_contains_the_accuracy_whatever_the_rounding() -> None:
    for images in range(1, 3000):
        for right in (0, images // 3, images):
            low, high = wilson_interval(right, images)
            assert low <= right / images <= high


def test_an_accuracy_is_written_with_the_distance_that_covers_its_interval() -> None:
    assert Accuracy(0.836, 1000).text == "83.6 % ± 2.4"
    low, high = wilson_interval(10, 10)
    certain = Accuracy(1.0, 10)
    assert certain.margin == pytest.approx(1 - low) and high == 1.0
    assert certain.text == "100.0 % ± 27.8"


def test_an_accuracy_of_an_unknown_number_of_images_has_no_interval() -> None:
    for images in (None, 0):
        unknown = Accuracy(0.5, images)
        assert (unknown.text, unknown.margin, unknown.interval, unknown.explained) == ("50.0 %", None, None, "")


def test_the_interval_is_said_with_its_ends() -> None:
    assert Accuracy(0.5, 100).explained == "95 % interval for 100 images: 40.4 to 59.6 % (Wilson 1927)."


@pytest.mark.parametrize(
    ("ends", "sign"), [((0.2, 0.1, 0.3), 1), ((-0.2, -0.3, -0.1), -1), ((0.2, 0.0, 0.3), 0), ((0.0, -0.1, 0.1), 0)]
)
def test_an_estimate_has_a_sign_only_if_its_interval_leaves_zero_out(
    ends: tuple[float, float, float], sign: int
) -> None:
    assert Estimate(*ends).sign == sign
    assert Estimate(*ends).negated.sign == -sign


@pytest.mark.parametrize("ends", [(0.5, 0.6, 0.7), (0.5, 0.1, 0.4), (float("nan"), 0.0, 1.0), (0.5, 0.0, float("nan"))])
def test_an_estimate_outside_its_interval_is_refused(ends: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="does not lie between"):
        Estimate(*ends)
