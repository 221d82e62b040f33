"""What a plan finds wrong, by field: what cannot run, and what would have no effect."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Photos
from tl_core.backbones import BACKBONES, Backbone, weights
from tl_core.errors import Problem
from tl_core.plan import Plan, plan
from tl_core.spec import ExperimentSpec

SMALL = {"data.source": "playground:classes=3,images_per_class=12"}
FROZEN: dict[str, Any] = {}
THAWED = {"backbone.freeze": "all-but-2"}
SOLVED = {"head.classifier": "logistic-regression"}


def planned(models: Path, changes: dict[str, Any]) -> Plan:
    return plan(ExperimentSpec().with_values({**SMALL, **changes}), models)


def problem(models: Path, changes: dict[str, Any]) -> Problem:
    (found,) = planned(models, changes).problems
    return found


class Idle(NamedTuple):
    """A setting that does nothing beside some others."""

    path: str
    value: Any
    beside: dict[str, Any]
    instead: dict[str, Any]


IDLE = (
    Idle("train.backbone_learning_rate", 1e-4, FROZEN, THAWED),
    Idle("train.head_epochs", 3, FROZEN, THAWED),
    Idle("train.update_batch_norm", True, FROZEN, THAWED),
    Idle("train.feature_cache", "off", {"backbone.freeze": "none"}, FROZEN),
    Idle("head.dropout", 0.5, SOLVED, FROZEN),
    Idle("head.hidden", [16], SOLVED, FROZEN),
    Idle("head.l1", 0.1, SOLVED, FROZEN),
    Idle("augment", "zoom", SOLVED, FROZEN),
    Idle("train.epochs", 3, SOLVED, FROZEN),
    Idle("train.head_epochs", 3, SOLVED, THAWED),
    Idle("train.batch_size", 8, SOLVED, FROZEN),
    Idle("train.learning_rate", 0.1, SOLVED, FROZEN),
    Idle("train.backbone_learning_rate", 1e-4, SOLVED, THAWED),
    Idle("train.update_batch_norm", True, SOLVED, THAWED),
    Idle("train.best", "val_accuracy", SOLVED, FROZEN),
    Idle("train.keep_checkpoints", 7, SOLVED, FROZEN),
    Idle("data.images_per_class", 50, FROZEN, {"data.source": "playground:classes=2,images_per_class=200"}),
    Idle("data.label_noise", 0.01, FROZEN, {"data.source": "playground:classes=2,images_per_class=200"}),
)


@pytest.mark.parametrize("idle", IDLE, ids=lambda idle: f"{idle.path} beside {idle.beside or 'defaults'}")
def test_a_setting_without_effect_is_refused_only_where_it_has_none(models: Path, idle: Idle) -> None:
    found = problem(models, {**idle.beside, idle.path: idle.value})
    assert found.path == idle.path
    assert "has no effect" in found.message
    assert found.remedy
    assert planned(models, {**idle.instead, idle.path: idle.value}).problems == ()


def test_an_augmentation_by_nothing_is_refused(models: Path) -> None:
    found = problem(models, {"augment": "zoom:0.1,rotation:0"})
    assert found.path == "augment.rotation"
    assert "has no effect" in found.message


@pytest.fixture
def came_split(photos: Photos) -> Callable[..., str]:
    def make(*parts: str) -> str:
        folders = [photos("cat", "dog", each=12 + place, inside=part) for place, part in enumerate(("train", *parts))]
        return f"folder:{folders[0].parent}"

    return make


def test_shares_have_no_effect_where_the_data_came_split(models: Path, came_split: Callable[..., str]) -> None:
    changes = {
        "data.source": came_split("validation", "test"),
        "data.validation_share": 0.3,
        "data.test_share": 0.3,
        "data.group_by": "prefix",
        "data.split_seed": 4,
    }
    found = planned(models, changes).problems
    assert {item.path for item in found} == set(changes) - {"data.source"}
    assert "the data came split (test, validation beside train)" in found[0].message


def test_the_split_seed_still_draws_what_is_left_out(models: Path, came_split: Callable[..., str]) -> None:
    changes = {"data.source": came_split("validation"), "data.split_seed": 4, "data.images_per_class": 5}
    assert planned(models, changes).problems == ()


def test_the_validation_share_counts_where_only_a_test_part_came_with_the_data(
    models: Path, came_split: Callable[..., str]
) -> None:
    source = {"data.source": came_split("test")}
    assert planned(models, {**source, "data.validation_share": 0.3, "data.split_seed": 3}).problems == ()
    assert problem(models, {**source, "data.test_share": 0.3}).path == "data.test_share"


def test_what_is_switched_off_is_no_problem(models: Path, came_split: Callable[..., str]) -> None:
    changes = {"data.source": came_split("validation"), "data.test_share": 0.0, "head.dropout": 0.0, **SOLVED}
    assert planned(models, changes).problems == ()


def test_a_support_vector_machine_needs_a_penalty(models: Path) -> None:
    assert problem(models, {"head.classifier": "linear-svm"}).path == "head.l2"
    assert planned(models, {"head.classifier": "linear-svm", "head.l2": 0.01}).problems == ()


@pytest.mark.parametrize("classifier", ["linear-svm", "logistic-regression"])
def test_a_solved_classifier_needs_a_frozen_backbone(models: Path, classifier: str) -> None:
    found = problem(models, {"head.classifier": classifier, "head.l2": 0.01, **THAWED})
    assert found.path == "backbone.freeze"
    assert "all-but-2" in found.message


@pytest.mark.parametrize("backbone", BACKBONES, ids=BACKBONES.names)
def test_an_image_too_small_for_the_backbone_is_refused(models: Path, backbone: Backbone) -> None:
    changes = {"backbone.name": backbone.name, "backbone.weights": "random"}
    assert planned(models, {**changes, "data.image_size": max(32, backbone.minimum_size)}).problems == ()
    if backbone.minimum_size > 32:
        found = problem(models, {**changes, "data.image_size": backbone.minimum_size - 1})
        assert found.path == "data.image_size"
        assert f"{backbone.minimum_size} pixels or more" in found.message


def test_a_missing_file_of_weights_is_named(models: Path, tmp_path: Path) -> None:
    found = problem(models, {"backbone.weights": f"file:{tmp_path / 'mine.weights.h5'}"})
    assert found.path == "backbone.weights"
    assert "mine.weights.h5" in found.message


def test_a_download_that_is_still_to_be_made_is_no_problem(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert not weights.status(BACKBONES["ResNet50"]).present
    assert planned(models, {"backbone.name": "ResNet50"}).problems == ()


def test_bundled_weights_on_a_network_without_are_refused() -> None:
    from tl_core.errors import BadInput

    with pytest.raises(BadInput, match=r"backbone\.weights") as caught:
        ExperimentSpec().with_values({"backbone.name": "ResNet50", "backbone.weights": "bundled"})
    assert caught.value.problems[0].remedy


def test_a_missing_folder_is_said_and_nothing_is_counted(models: Path, tmp_path: Path) -> None:
    made = planned(models, {"data.source": f"folder:{tmp_path / 'nowhere'}"})
    assert [item.path for item in made.problems] == ["data.source"]
    assert "nowhere" in made.problems[0].message
    assert made.images is None and made.phases == ()


def test_a_single_class_is_refused(models: Path, photos: Photos) -> None:
    assert problem(models, {"data.source": f"folder:{photos('cat')}"}).path == "data.source"


def test_an_empty_validation_part_is_refused(models: Path, photos: Photos) -> None:
    found = problem(models, {"data.source": f"folder:{photos('cat', 'dog', each=1)}"})
    assert found.path == "data.validation_share"


def test_a_class_without_training_images_is_named(models: Path, photos: Photos) -> None:
    root = photos("cat", "dog", inside="train").parent
    photos("cat", "dog", "owl", inside="validation")
    found = problem(models, {"data.source": f"folder:{root}"})
    assert found.path == "data.source"
    assert "owl" in found.message


def test_problems_of_settings_are_said_beside_those_of_the_data(models: Path, tmp_path: Path) -> None:
    made = planned(models, {"data.source": f"folder:{tmp_path / 'nowhere'}", "train.head_epochs": 3})
    assert {item.path for item in made.problems} == {"data.source", "train.head_epochs"}


def test_a_disk_too_small_is_said_before_the_run(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = planned(models, {}).disk_bytes
    usage = type(shutil.disk_usage(models))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - needed // 2, needed // 2))
    assert "of disk" in problem(models, {}).message
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, needed + 1))
    assert planned(models, {}).problems == ()


def test_planning_leaves_nothing_behind(models: Path, tmp_path: Path) -> None:
    planned(models, {})
    planned(tmp_path / "new", {})
    assert list(models.iterdir()) == []
    assert not (tmp_path / "new").exists()
