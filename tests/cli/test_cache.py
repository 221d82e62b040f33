"""verify-cache says how far stored features are from computed ones, and fails where they are damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SMALL, Lab, last_object
from tl_core import store
from tl_core.files import read_json
from tl_core.records import unwatched
from tl_core.results.cache_audit import Verified
from tl_core.worker import job

pytestmark = pytest.mark.slow

TRAIN = (*SMALL, "--set", "train.epochs=1")


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """A models folder with a run whose features are stored."""
    return folder


@pytest.mark.long
def test_what_is_stored_is_the_same_up_to_rounding(lab: Lab, trained: Path) -> None:
    said = lab("verify-cache", "last", "--models", trained)
    assert said.status == 0, said.err
    assert "the same up to rounding" in said.out
    assert "60 of 60" in said.out


@pytest.mark.long
def test_settings_name_the_same_features_as_their_run(lab: Lab, trained: Path) -> None:
    by_run = last_object(lab("verify-cache", "last", "--batches", "2", "--json", "--models", trained))
    by_settings = last_object(lab("verify-cache", *TRAIN, "--batches", "2", "--json", "--models", trained))
    assert by_run == by_settings
    (one,) = by_run["verified"]
    assert (one["cut"], one["images"], one["of"]) == ("features", 28, 60), "the first batch of 16, and the last of 12"
    assert 0 < one["relative"] < 1e-4
    assert by_run["agrees"] is True


@pytest.mark.long
def test_what_differs_by_setting_says_by_how_much_and_is_no_failure(lab: Lab, trained: Path) -> None:
    half = ("--set", "train.feature_storage=float16")
    assert lab("train", *TRAIN, *half, "--models", trained).status == 0
    said = lab("verify-cache", *TRAIN, *half, "--models", trained)
    assert said.status == 0, said.err
    assert "the same up to the rounding of float16" in said.out


def test_damaged_features_are_found_and_fail(lab: Lab, trained: Path) -> None:
    (file,) = trained.rglob("features.f32")
    shape = read_json(file.with_name("index.json"))["shape"]
    stored = np.memmap(file, np.float32, "r+", shape=tuple(shape))
    kept = stored[3].copy()
    stored[3] = np.roll(kept, 1)
    try:
        said = lab("verify-cache", *TRAIN, "--models", trained)
        assert said.status == 1
        assert "not the same: remove the feature cache" in said.out
        assert said.errors == ["Cached features differ from recomputed ones by more than the tolerance."]
        assert last_object(lab("verify-cache", *TRAIN, "--json", "--models", trained))["agrees"] is False
    finally:
        stored[3] = kept


def test_where_nothing_is_stored_that_is_said(lab: Lab, trained: Path) -> None:
    said = lab("verify-cache", *TRAIN, "--set", "head.pooling=max", "--models", trained)
    assert said.status == 2
    assert said.errors == [
        "features: none of this experiment are cached. Train it. If it was trained, they were removed; a new run caches them again."
    ]


def test_features_that_were_removed_since_are_told_from_those_of_a_run_that_never_trained(
    lab: Lab, trained: Path, tmp_path: Path
) -> None:
    models = tmp_path / "emptied"
    shutil.copytree(trained, models, ignore=shutil.ignore_patterns("features"))
    (error,) = lab("verify-cache", "last", "--models", models).errors
    assert f"features: those of {store.find_run(models, 'last').id} are not cached. They were removed" in error
    assert "Train it" not in error


@pytest.mark.parametrize(
    ("change", "why"),
    [("train.feature_cache=off", "train.feature_cache is off"), ("backbone.freeze=none", "it freezes no layers")],
)
def test_an_experiment_that_stores_no_features_is_not_told_to_train(
    lab: Lab, trained: Path, change: str, why: str
) -> None:
    said = lab("verify-cache", *SMALL, "--set", change, "--models", trained)
    assert said.errors == [f"features: this experiment caches none: {why}. There is nothing to audit."]


def test_what_is_no_run_names_the_nearest(lab: Lab, trained: Path) -> None:
    said = lab("verify-cache", "no-such-run", "--models", trained)
    assert said.status == 2
    assert "there is no run 'no-such-run'" in said.errors[0]


@pytest.mark.parametrize(
    ("precision", "storage", "largest", "worst", "agrees"),
    [
        ("f32", "float32", 0.9e-3, 0.0, True),
        ("f32", "float32", 1.1e-3, 0.0, False),
        ("f32", "float16", 0.9e-2, 0.0, True),
        ("f32", "float16", 1.1e-2, 0.0, False),
        ("bf16", "float32", 5.0, 0.1, True),
        ("bf16", "float32", 5.0, 0.3, False),
        ("int8", "float16", 5.0, 0.4, True),
        ("int8", "float16", 5.0, 0.6, False),
    ],
)
def test_each_setting_allows_its_own_difference_of_a_scale_of_ten(
    precision: str, storage: str, largest: float, worst: float, agrees: bool
) -> None:
    one = Verified("final", 16, 60, precision, storage, largest, 0.0, worst, scale=10.0)
    assert one.agrees is agrees
    assert one.verdict.startswith("not the same") is not agrees


def test_the_process_that_checks_for_the_dashboard_finds_the_same(lab: Lab, trained: Path) -> None:
    run = store.runs(trained)[-1]
    found = json.loads(json.dumps(job.cache_audit(trained, run.id, 2, unwatched)))
    (told,) = last_object(lab("verify-cache", run.id, "--batches", "2", "--json", "--models", trained))["verified"]
    (one,) = found
    assert Verified(**one).agrees
    assert one == {name: told[name] for name in one}
