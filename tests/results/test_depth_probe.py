"""Intervals and the sentence a depth probe says."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tl_core.intervals import wilson_interval
from tl_core.results.depth_probe import Cost, Depth, Probe, Score, read_probe

COST = Cost((7, 7, 8), 32, 1568, 320, 15_680, 1.0, 2.0, 100)


def probe_of(*right: int, images: int = 100) -> Probe:
    """A probe whose blocks tell so many validation images right."""
    scores = [Score(number / images, *wilson_interval(number, images), 1.0, 0.1) for number in right]
    depths = tuple(Depth(f"block{place}", score, score, COST) for place, score in enumerate(scores, start=1))
    counts = {"train": 300, "validation": images, "test": 0}
    return Probe("digits", "VGG16", "random", 32, "avg", ("a", "b"), counts, depths)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ((20, 80, 84), "The differences from block2 up are within the 95 % interval of the best, block3"),
        ((20, 40, 90), "block3 is best (0.900, 0.826 to 0.945); no other block is within its 95 % interval."),
        ((80, 81, 80), "All differences are within the 95 % interval of the best, block2"),
        ((20, 90, 89, 50), "block2 is best (0.900, 0.826 to 0.945), with block3 within its 95 % interval"),
    ],
)
def test_the_reading_says_what_the_images_can_tell_apart(right: tuple[int, ...], said: str) -> None:
    assert said in probe_of(*right).reading


def test_of_equally_good_blocks_the_lowest_is_best() -> None:
    assert probe_of(20, 90, 90).best.cut == "block2"


def test_a_single_validation_image_is_called_that() -> None:
    assert "a single validation image cannot distinguish the depths" in probe_of(1, 1, images=1).reading


def test_a_probe_goes_through_json_unchanged() -> None:
    made = probe_of(20, 80, 84)
    assert read_probe(json.loads(json.dumps(asdict(made)))) == made
    assert made.depths[0].ridge.gap == pytest.approx(0.8)
