"""compare: is one run better than another?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SMALL, Lab, Said, Trained, in_this_process
from tests.pages.folders import add_measured, add_outputs, add_run
from tl_core import store

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


@pytest.mark.slow
def test_train_with_seeds_trains_those_that_are_missing(trained_once: Trained, tmp_path: Path) -> None:
    models = shutil.copytree(trained_once.folder, tmp_path / "models")
    said = in_this_process("train", *SMALL, "--set", "train.epochs=3", "--seeds", "2", "--json", "--models", models)
    assert said.status == 0, said.err
    runs = json.loads(said.out.splitlines()[-1])["runs"]
    assert "1 run of 2 seeds there already." in said.err
    assert runs[0]["run"] == trained_once.run.id and len(runs) == 2
    assert [run["status"] for run in runs] == ["finished", "finished"]
    found = [store.find_run(models, run["run"]) for run in runs]
    assert [store.read_spec(run).train.seed for run in found] == [0, 1]
    assert store.read_image_keys(found[0], "val") == store.read_image_keys(found[1], "val"), (
        "seeds leave the split alone"
    )
    each = json.loads(
        in_this_process("compare", *(run.id for run in found), "--each", "--json", "--models", models).out
    )
    assert each["best_two"]["images"] == len(store.read_image_keys(found[0], "val"))
