"""Figures and lists in sentences."""

from __future__ import annotations

import math

import pytest

from tl_core.text import (
    compact,
    counted,
    data_size,
    data_sizes,
    duration,
    exact_percent,
    first_of,
    joined,
    percent,
    percent_value,
)

DURATIONS = {
    -1: "0 s",
    0: "0 s",
    0.44: "0.4 s",
    3.2: "3.2 s",
    9.94: "9.9 s",
    9.96: "10 s",
    59.4: "59 s",
    59.6: "1 min",
    130: "2 min 10 s",
    3599.6: "1 h",
    3900: "1 h 5 min",
    86_399: "23 h 59 min",
    360_000: "4 d 4 h",
}


@pytest.mark.parametrize(("seconds", "text"), DURATIONS.items())
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_that_are_compared_keep_the_digits_in_which_they_differ() -> None:
    assert data_sizes(1_234_567, 1_230_000, 4567) == ("1.235 MB", "1.23 MB", "4.567 kB")
    assert data_sizes(40_000_000_001, 40_000_000_000) == ("40.000000001 GB", "40 GB")
    assert data_sizes(512, 20) == ("512 B", "20 B")
    assert data_sizes(1_500_000, 1_500_000) == ("1.5 MB", "1.5 MB")
    assert data_sizes(999_999, 1_000_000) == ("999.999 kB", "1 MB")


SIZES = {
    0: "0 B",
    999: "999 B",
    999.6: "1 kB",
    1000: "1 kB",
    1050: "1.1 kB",
    99_960: "100 kB",
    123_400_000: "123.4 MB",
    999_940: "999.9 kB",
    999_960: "1 MB",
    12_345_678: "12.3 MB",
    5 * 10**15: "5000 TB",
}


@pytest.mark.parametrize(("count", "text"), SIZES.items())
def test_bytes_have_at_most_one_digit_behind_the_point(count: float, text: str) -> None:
    assert data_size(count) == text


def test_what_is_not_known_is_a_dash() -> None:
    assert duration(None) == data_size(None) == percent(None) == "–"


def test_a_share_is_written_in_percent() -> None:
    assert [percent(0.8634), percent(1, 0), percent(0), percent(math.inf)] == ["86.3 %", "100 %", "0.0 %", "inf %"]
    assert [exact_percent(share) for share in (0.5, 0.025, 0.2)] == ["50 %", "2.5 %", "20 %"]


@pytest.mark.parametrize("share", [82 / 341, 0.24046, 0.5, 1.0, None])
def test_a_share_reads_the_same_in_a_table_and_in_a_sentence(share: float | None) -> None:
    value = percent_value(share)
    assert percent(share) == ("–" if value is None else f"{value:.1f} %")
    assert value is None or value == round(value, 1)  # Nothing is left that a table would round once more.


def test_a_count_has_its_plural() -> None:
    assert [counted(number, "epoch") for number in (0, 1, 2, 1000)] == [
        "0 epochs",
        "1 epoch",
        "2 epochs",
        "1,000 epochs",
    ]
    assert [counted(number, "class", "classes") for number in (1, 10)] == ["1 class", "10 classes"]


COMPACT = {0: "0", 812: "812", 999.4: "999", 999.6: "1 k", 48_200: "48.2 k", 4_049_571: "4.05 M", 1.2e9: "1.2 G"}


@pytest.mark.parametrize(("number", "text"), COMPACT.items())
def test_a_large_number_has_three_figures(number: float, text: str) -> None:
    assert compact(number) == text


def test_names_are_joined_as_in_a_sentence() -> None:
    assert [joined(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert joined(["a", "b"], last="or") == "a or b"


def test_of_many_names_the_first_are_listed() -> None:
    assert first_of(["a", "b"], 2) == "a, b"
    assert first_of(["a", "b", "c"], 2) == "a, b and 1 more"
