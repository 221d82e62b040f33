"""Intervals and the sentence a depth probe says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import zip_longest

import pytest

from tl_core.errors import BadInput
from tl_core.intervals import wilson_interval
from tl_core.records import from_json
from tl_core.results.depth_probe import Cost, Depth, DepthProbeOptions, Probe, Score

COST = Cost((7, 7, 8), 32, 1568, 320, 15_680, 1.0, 2.0, 100)


def probe_of(*wrong: Iterable[int], images: int = 100, seconds: Iterable[float] = ()) -> Probe:
    """A probe whose blocks misclassify these validation images."""
    depths = []
    for place, (each, took) in enumerate(zip_longest(map(tuple, wrong), seconds, fillvalue=None), start=1):
        assert each is not None
        right = images - len(each)
        score = Score(right / images, *wilson_interval(right, images), 1.0, 0.1, each)
        depths.append(Depth(f"block{place}", score, score, replace(COST, head_seconds=took or float(place))))
    counts = {"train": 300, "validation": images, "test": 0}
    return Probe("digits", "VGG16", "random", 32, "avg", ("a", "b"), counts, tuple(depths))


def cuts(depths: Iterable[Depth]) -> list[str]:
    return [depth.cut for depth in depths]


@pytest.mark.parametrize(
    ("wrong", "level", "said"),
    [
        (
            (range(80), range(20), range(16)),
            ["block2", "block3"],
            "These 100 validation images cannot tell the depths from block2 up from the best, block3",
        ),
        (
            (range(80), range(60), range(10)),
            ["block3"],
            "block3 is best (0.900, 0.826 to 0.945): on the same images every",
        ),
        (
            (range(20), range(19), range(1, 20)),
            ["block1", "block2", "block3"],
            "cannot tell any depth from the best, block2",
        ),
        (
            (range(80), range(10), range(11), range(50)),
            ["block2", "block3"],
            "block2 is best (0.900, 0.826 to 0.945). These 100 validation images cannot tell block3 from it",
        ),
    ],
)
def test_the_reading_says_what_the_images_can_tell_apart(wrong: tuple[range, ...], level: list[str], said: str) -> None:
    made = probe_of(*wrong)
    assert cuts(made.level) == level
    assert said in made.reading


def test_depths_within_each_others_intervals_are_told_apart_where_one_is_right_wherever_the_other_is_and_more() -> None:
    """Wrong on 12 and on 20 of 100: the intervals overlap, but no image speaks for the second."""
    made = probe_of(range(20), range(12))
    assert made.depths[0].ridge.high > made.depths[1].ridge.low
    assert cuts(made.level) == ["block2"]
    unpaired = probe_of(range(20), range(50, 62))
    assert cuts(unpaired.level) == ["block1", "block2"], "wrong on other images: flips go both ways"


def test_the_quickest_of_those_within_a_standard_error_of_the_best_is_suggested() -> None:
    wrong = range(80), range(20), range(2, 20), range(17)
    made = probe_of(*wrong, seconds=(1.0, 9.0, 5.0, 7.0))
    assert (made.best.cut, made.suggested.cut) == ("block4", "block3")
    assert "(within one standard error), a head trains quickest on block3" in made.reading
    itself = probe_of(*wrong, seconds=(1.0, 9.0, 5.0, 3.0))
    assert itself.suggested is itself.best
    assert "no other that is hardly less accurate" in itself.reading


def test_a_depth_that_is_much_worse_is_not_suggested_though_it_cannot_be_told_from_the_best() -> None:
    """Of 40 images 12 against 6 are wrong, 8 and 2 of them alone: the tests cannot tell, a standard error can."""
    made = probe_of(range(12), (0, 1, 2, 3, 38, 39), (*range(5), 38, 39), images=40)
    assert cuts(made.level) == ["block1", "block2", "block3"]
    assert made.suggested.cut == "block2"


def test_of_equally_good_blocks_the_lowest_is_best() -> None:
    assert probe_of(range(80), range(10), range(10)).best.cut == "block2"


def test_a_single_validation_image_is_called_that() -> None:
    assert "A single validation image cannot tell any depth" in probe_of((), (), images=1).reading


def test_a_probe_goes_through_json_unchanged() -> None:
    made = probe_of(range(80), range(20), range(16))
    assert from_json(Probe, json.loads(json.dumps(asdict(made)))) == made
    assert made.depths[0].ridge.gap == pytest.approx(0.8)


def test_further_heads_change_neither_the_suggestion_nor_what_is_as_good_as_the_best() -> None:
    made = probe_of(range(80), range(20), range(16))
    perfect = Score(1.0, *wilson_interval(100, 100), 1.0, 0.1, ())
    first, *others = (replace(depth, heads={"lda": depth.ridge}) for depth in made.depths)
    several = replace(made, depths=(replace(first, heads={"lda": perfect}), *others))
    assert (several.reading, several.suggested.cut) == (made.reading, made.suggested.cut)
    assert several.heads == ("lda",) and made.heads == ()


@pytest.mark.parametrize(
    "heads, said", [(("ldaa",), "Did you mean lda"), (("ridge",), "ridge"), (("lda", "lda"), "once")]
)
def test_heads_that_cannot_be_probed_are_refused(heads: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        DepthProbeOptions(heads)
