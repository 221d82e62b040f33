"""compare: is one run better than another?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Lab, Said
from tests.pages.folders import add_measured, add_outputs, add_run

ALL = np.ones(200, bool)


def wrong(*images: int) -> np.ndarray:
    right = ALL.copy()
    right[list(images)] = False
    return right


def text_of(said: Said) -> str:
    """What it printed without the breaks of lines."""
    return " ".join(said.out.split())


def test_two_runs_get_an_answer_with_its_evidence(lab: Lab, models: Path) -> None:
    a = add_measured(models, "plain", wrong(*range(30)))
    b = add_measured(models, "dropout", wrong(*range(28, 33)))
    said = lab("compare", a.id, b.id)
    assert said.status == 0
    assert said.out.startswith("dropout is better than plain by 12.5 points (7.6 to 18.2).")
    assert (
        "dropout corrects 28 images that plain gets wrong, and plain 3 that dropout gets wrong (McNemar's exact test: p < 0.001)"
        in text_of(said)
    )
    assert "On 200 validation images. The epoch of each run was chosen" in text_of(said)
    found = json.loads(lab("compare", b.id, a.id, "--json").out)
    assert found["sentence"] == said.out.splitlines()[0]
    assert (found["best_two"]["answer"], found["best_two"]["better"]) == ("better", "dropout")
    assert found["best_two"]["accuracy"]["low"] == pytest.approx(-0.182, abs=0.001)


def test_a_wider_margin_makes_them_equal(lab: Lab, models: Path) -> None:
    runs = [add_measured(models, name, wrong(*images)) for name, images in (("a", (0, 1)), ("b", (2, 3)))]
    ids = [run.id for run in runs]
    assert lab("compare", *ids).out.startswith("200 images cannot tell whether a or b is better; about ")
    assert lab("compare", *ids, "--margin", "5").out.startswith("a and b are equal within 5 points: 90 % interval")


def test_seeds_are_one_side_unless_each_is_asked_for(lab: Lab, models: Path) -> None:
    seeds = [add_measured(models, "", wrong(seed, 50), {"train.seed": seed}) for seed in range(3)]
    other = add_measured(models, "", wrong(*range(100, 140)), {"head.dropout": 0.5})
    said = lab("compare", *(run.id for run in seeds), other.id)
    assert "3 seeds against 1 seed" in text_of(said)
    alone = lab("compare", *(run.id for run in seeds))
    assert (alone.status, alone.errors) == (
        2,
        ["RUN: these runs differ only in their seed, so they are one side. Compare them one by one: --each."],
    )
    each = json.loads(lab("compare", *(run.id for run in seeds), "--each", "--json").out)
    assert [side["seeds"] for side in each["sides"]] == [1, 1, 1]
    assert len(each["pairs"]) == 3


def test_the_best_of_several_is_named_with_its_expected_fall(lab: Lab, models: Path) -> None:
    ids = [
        add_measured(models, name, wrong(*images)).id
        for name, images in (("a", range(5)), ("b", range(60)), ("c", range(4, 10)))
    ]
    said = text_of(lab("compare", *ids))
    assert "The best of 3 is a, 97.5 %." in said
    assert "It cannot be told from c, corrected for 3 pairs (Holm)." in said
    assert "on new ones" in said


def test_test_images_are_used_on_request(lab: Lab, models: Path) -> None:
    ids = []
    for name, images in (("a", range(9)), ("b", range(40))):
        run = add_measured(models, name, ALL, exported_epoch=1)
        add_outputs(run, wrong(*images)[None], split="test")
        ids.append(run.id)
    said = lab("compare", *ids, "--images", "test")
    assert said.out.startswith("a is better than b by 15.5 points")
    assert said.out.rstrip().endswith("On 200 test images.")


def test_what_cannot_be_compared_is_refused_with_a_reason(lab: Lab, models: Path) -> None:
    first, old = add_measured(models, "first", ALL), add_run(models, "old")
    other = add_measured(models, "other", ALL, {"data.split_seed": 1})
    assert "old was trained by an earlier version" in lab("compare", first.id, old.id).errors[0]
    assert "first and other were measured on different images" in lab("compare", first.id, other.id).errors[0]
    assert "received one run" in lab("compare", first.id, first.id).errors[0]
    assert lab("compare", first.id, other.id, "--images", "test").status == 2
