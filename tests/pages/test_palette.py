"""The colours and symbols of runs: told apart by people with any colour vision, and without colours."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import streamlit as st

from pages.ui.charts import colours
from tests.each import for_each

# Machado, Oliveira & Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency", severity 1.0, on linear RGB.
VISIONS: dict[str, Any] = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])

APART = 10.0
"""The least CIEDE2000 difference of two colours; 1 is just noticeable side by side, thin lines need several times that."""

CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: lines that are needed to understand a chart, against the background."""


def linear(colour: str) -> np.ndarray:
    """sRGB to linear RGB, shape (3,)."""
    coded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str) -> np.ndarray:
    """CIELAB as the colour is seen with this vision."""
    seen = np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1)
    scaled = TO_XYZ @ seen / WHITE
    f = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """The difference of two colours (Sharma, Wu & Dalal 2005)."""
    mean_c = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    (l1, a1, b1), (l2, a2, b2) = one * (1, 1 + g, 1), other * (1, 1 + g, 1)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    mean_h = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(high * np.cos(np.radians(times * mean_h + by)) for high, times, by in waves)
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rotation = 60 * np.exp(-(((mean_h - 275) / 25) ** 2))
    r_t = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25**7)) * np.sin(np.radians(rotation))
    parts = d_l / s_l, d_c / s_c, d_h / s_h
    return float(np.sqrt(sum(part**2 for part in parts) + r_t * parts[1] * parts[2]))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    dark, light = sorted(float((TO_XYZ @ linear(colour))[1]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def palette(scheme: str) -> list[str]:
    return list(st.get_option(f"theme.{scheme}.chartCategoricalColors"))


def test_the_difference_is_that_of_the_published_test_data() -> None:
    """Pairs 1, 7, 17 and 25 of Sharma, Wu & Dalal 2005, table 1."""
    for one, other, known in (
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert ciede2000(np.array(one), np.array(other)) == pytest.approx(known, abs=1e-4)


@for_each("scheme, vision", itertools.product(("light", "dark"), VISIONS))
def test_any_two_colours_are_told_apart_with_any_colour_vision(scheme: str, vision: str) -> None:
    seen = {colour: lab(colour, vision) for colour in palette(scheme)}
    assert [pair for pair in itertools.combinations(seen, 2) if ciede2000(*(seen[one] for one in pair)) < APART] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_stands_out_from_the_background(scheme: str) -> None:
    background = st.get_option(f"theme.{scheme}.backgroundColor")
    drawn = [*palette(scheme), *(colours.of_theme(colour, scheme) for colour in colours.scale(20))]
    assert [colour for colour in drawn if contrast(colour, background) < CONTRAST] == []


def test_without_colours_every_run_has_a_symbol_of_its_own() -> None:
    assert len({colours.symbol(number) for number in range(colours.DISTINCT)}) == colours.DISTINCT
    assert len(set(colours.SYMBOLS.values())) == colours.DISTINCT


def test_runs_beyond_the_last_colour_differ_from_those_before_by_their_symbols() -> None:
    looks = {(colours.of_run(number), colours.symbol(number)) for number in range(40)}
    assert len(looks) == 40
