"""Figures as people read them."""

from __future__ import annotations

import pytest

from tl_core.text import data_size, duration, percent, percent_value

DURATIONS = {
    0: "0 s",
    0.44: "0.4 s",
    9.94: "9.9 s",
    9.96: "10 s",
    59.6: "1 min",
    200: "3 min 20 s",
    3661: "1 h 1 min",
    360_000: "4 d 4 h",
}


@pytest.mark.parametrize(("seconds", "said"), DURATIONS.items())
def test_a_duration_has_at_most_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


SIZES = {
    0: "0 B",
    999: "999 B",
    1000: "1.0 kB",
    99_960: "100 kB",
    999_600: "1.0 MB",
    12_345_678: "12.3 MB",
    5 * 10**15: "5000 TB",
}


@pytest.mark.parametrize(("count", "said"), SIZES.items())
def test_a_size_has_three_figures(count: int, said: str) -> None:
    assert data_size(count) == said


def test_what_is_not_known_is_a_dash() -> None:
    assert duration(None) == data_size(None) == percent(None) == "–"


def test_a_share_is_said_in_percent() -> None:
    assert (percent(0.8634), percent(1, 0)) == ("86.3 %", "100 %")


@pytest.mark.parametrize("share", [82 / 341, 0.24046, 0.5, 1.0, None])
def test_a_share_reads_the_same_in_a_table_and_in_a_sentence(share: float | None) -> None:
    value = percent_value(share)
    assert percent(share) == ("–" if value is None else f"{value:.1f} %")
    assert value is None or value == round(value, 1)  # Nothing is left that a table would round once more.
