"""What a plan finds wrong, by field: what cannot run, and what would have no effect."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Photos
from tests.each import for_each
from tests.weights_files import vgg16, write_legacy
from tl_core import store
from tl_core.backbones import BACKBONES, Backbone, facts
from tl_core.backbones.availability import status
from tl_core.data.pixels import bytes_needed
from tl_core.errors import Problem
from tl_core.experiment import solved as table
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.stopping import stop_epoch
from tl_core.files import write_json
from tl_core.params import Param
from tl_core.plan import Plan, plan, problems
from tl_core.plan.problems import spec_problems
from tl_core.records import EpochRecord

SMALL = {"data.source": "playground:classes=3,images_per_class=12"}
FROZEN: dict[str, Any] = {}
THAWED = {"backbone.freeze": "all-but-2"}
SOLVED = {"head.classifier": "logistic-regression"}
PROJECTED = {"head.classifier": "random-projection"}
SELECTING = [row.name for row in table.SOLVED if "head.l2" not in row.uses]
STAGED = {"backbone.freeze": "all-but-3", "train.stages": "all-but-1:2"}
AUGMENTED = {"augment": "zoom"}
SGD = {"optimizer.name": "sgd"}


def planned(models: Path, changes: dict[str, Any]) -> Plan:
    return plan(resolve(ExperimentSpec().with_values({**SMALL, **changes})), models)


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
    Idle("train.feature_storage", "float16", {"backbone.freeze": "none"}, FROZEN),
    Idle("train.feature_storage", "float16", {"train.feature_cache": "off"}, FROZEN),
    Idle("train.prefix_precision", "bf16", {"backbone.freeze": "none"}, FROZEN),
    Idle("train.prefix_precision", "bf16", {"train.feature_cache": "off"}, SOLVED),
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
    Idle("train.layer_decay", 0.5, FROZEN, THAWED),
    Idle("train.layer_decay", 0.5, {"backbone.freeze": "all-but-1"}, THAWED),
    Idle("train.backbone_l2", 0.01, FROZEN, STAGED),
    Idle("train.views", 4, FROZEN, AUGMENTED),
    Idle("train.views", 4, {**AUGMENTED, "backbone.freeze": "none"}, AUGMENTED),
    Idle("train.views", 4, {**AUGMENTED, "train.feature_cache": "off"}, AUGMENTED),
    Idle("train.checkpoint_every", 11, FROZEN, {"train.epochs": 11}),
    Idle("backbone.keep", "block2", {"backbone.weights": "random"}, FROZEN),
    Idle("train.update_batch_norm", True, {"backbone.weights": "random", **THAWED}, THAWED),
    Idle(
        "train.update_batch_norm",
        True,
        {"backbone.keep": "block4"},
        {"backbone.keep": "block4", "backbone.freeze": "block3"},
    ),
    Idle("optimizer.momentum", 0.5, FROZEN, SGD),
    Idle("optimizer.nesterov", True, {"optimizer.name": "rmsprop"}, SGD),
    Idle("optimizer.nesterov", True, {**SGD, "optimizer.momentum": 0.0}, SGD),
    Idle("schedule.factor", 0.1, {"schedule.name": "cosine"}, {"schedule.name": "exponential"}),
    Idle("schedule.every", 2, {"schedule.name": "plateau"}, {"schedule.name": "step"}),
    Idle("schedule.patience", 2, {"schedule.name": "step"}, {"schedule.name": "plateau"}),
    Idle("schedule.floor", 0.1, FROZEN, {"schedule.name": "cosine"}),
    Idle("stopping.metric", "val_accuracy", {"stopping.rule": "GL"}, {"stopping.rule": "patience"}),
    Idle("stopping.patience", 2, FROZEN, {"stopping.rule": "patience"}),
    Idle("stopping.min_delta", 0.1, {"stopping.rule": "GL"}, {"stopping.rule": "patience"}),
    Idle("stopping.threshold", 2.0, {"stopping.rule": "patience"}, {"stopping.rule": "GL"}),
    Idle("stopping.strip", 3, {"stopping.rule": "GL"}, {"stopping.rule": "PQ"}),
    *(Idle("head.l2", 0.1, {"head.classifier": name}, SOLVED) for name in SELECTING),
    *(Idle("head.projection_units", 64, {"head.classifier": name}, PROJECTED) for name in ("auto", "ridge")),
    Idle("head.dropout", 0.5, PROJECTED, FROZEN),
    Idle("head.noise", 0.1, SOLVED, FROZEN),
    Idle("head.batch_norm", True, SOLVED, FROZEN),
    Idle("optimizer.clip_norm", 1.0, SOLVED, FROZEN),
    Idle("optimizer.ema", 0.9, SOLVED, FROZEN),
    Idle("schedule.name", "cosine", SOLVED, FROZEN),
    Idle("loss.label_smoothing", 0.1, SOLVED, FROZEN),
    Idle("loss.class_weights", "balanced", SOLVED, FROZEN),
    Idle("stopping.rule", "GL", SOLVED, FROZEN),
    Idle("data.images_per_class", 50, FROZEN, {"data.source": "playground:classes=2,images_per_class=200"}),
    Idle("data.label_noise", 0.01, FROZEN, {"data.source": "playground:classes=2,images_per_class=200"}),
)


@for_each("idle", IDLE, ids=lambda idle: f"{idle.path} beside {idle.beside or 'defaults'}")
def test_a_setting_without_effect_is_refused_only_where_it_has_none(models: Path, idle: Idle) -> None:
    found = problem(models, {**idle.beside, idle.path: idle.value})
    assert found.path == idle.path
    assert "has no effect" in found.message
    assert found.remedy
    assert planned(models, {**idle.instead, idle.path: idle.value}).problems == ()


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"optimizer.name": "adamw"}, "optimizer.weight_decay", "without it adamw is adam"),
        ({"schedule.warmup_epochs": 11}, "schedule.warmup_epochs", "the phase head has 10 epochs"),
        (
            {**THAWED, "train.head_epochs": 2, "schedule.warmup_epochs": 2.5},
            "schedule.warmup_epochs",
            "the phase head has 2 epochs",
        ),
        ({"train.stages": "all:2", **THAWED}, "train.stages", "all:2, which freezes everything"),
        ({"train.stages": "all-but-2:2", **THAWED}, "train.stages", "thaws no less than the last phase (all-but-2)"),
        ({"train.stages": "all-but-2:2,all-but-1:2", "backbone.freeze": "none"}, "train.stages", "than all-but-2:2"),
        ({"train.stages": "blok5:2", "backbone.freeze": "none"}, "train.stages", "has no block 'blok5'"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_named_with_a_remedy(
    models: Path, changes: dict[str, Any], path: str, said: str
) -> None:
    found = problem(models, changes)
    assert (found.path, said in found.message) == (path, True), found
    assert found.remedy


@pytest.mark.parametrize(
    ("changes", "said", "instead"),
    [
        ({"schedule.name": "step", "schedule.every": 10}, "never lowers the rate", {"schedule.every": 9}),
        ({"stopping.rule": "patience", "stopping.patience": 9}, "it needs 11 or more", {"stopping.patience": 8}),
        ({"stopping.rule": "UP", "stopping.strip": 5}, "it needs 31 or more", {"train.epochs": 31}),
        ({"stopping.rule": "PQ", "stopping.strip": 10}, "it needs 11 or more", {"stopping.strip": 5}),
        ({"stopping.rule": "PQ"}, "hardly ever ends a run with a threshold of 5", {"stopping.threshold": 3.0}),
        (
            {"backbone.keep": "block6"},
            "block7 to final start from random weights and learn at 1e-05",
            {"train.backbone_learning_rate": 1e-3},
        ),
        (
            {"backbone.weights": "random", "backbone.freeze": "block2", "train.head_epochs": 2},
            "For 2 epochs the head trains alone on features of random weights",
            {"train.head_epochs": 0},
        ),
        (
            {"backbone.weights": "random"},
            "stem to final start from random weights and stay frozen",
            {"backbone.freeze": "none"},
        ),
    ],
    ids=str,
)
def test_what_will_not_do_what_it_is_there_for_is_remarked_upon(
    models: Path, changes: dict[str, Any], said: str, instead: dict[str, Any]
) -> None:
    made = planned(models, changes)
    assert made.problems == ()
    assert any(said in warning for warning in made.warnings)
    assert not any(said in warning for warning in planned(models, {**changes, **instead}).warnings)


@pytest.mark.parametrize("rule", ["patience", "PQ", "UP"])
def test_a_rule_of_early_stopping_needs_as_many_epochs_as_the_plan_says(rule: str) -> None:
    spec = ExperimentSpec().with_values({"stopping.rule": rule, "stopping.patience": 2, "stopping.strip": 3})
    needed = {"patience": 3, "PQ": 3, "UP": 9}[rule]
    # Of the first strip of PQ, progress would be measured against nothing.
    fall = 0.0 if rule == "PQ" else 0.1
    falling = [EpochRecord(1 + n, "head", {"loss": 9.0 - fall * n, "val_loss": 1.0 + n}) for n in range(needed)]
    assert stop_epoch(spec.stopping, falling[:-1], 1) is None
    assert (stop_epoch(spec.stopping, falling, 1) or (0,))[0] == needed


def test_stages_that_each_thaw_more_are_no_problem(models: Path) -> None:
    changes = {"train.stages": "all-but-1:2,all-but-2:2@0.0001", "backbone.freeze": "all-but-4"}
    made = planned(models, changes)
    assert made.problems == ()
    assert [plan.phase.title for plan in made.phases] == ["thaw 1", "thaw 2", "fine-tune"]


def test_the_range_of_16_bit_grey_has_no_effect_on_images_that_are_no_files(models: Path, photos: Photos) -> None:
    chosen = {"data.grey_range": "12-bit"}
    assert "has no effect: the images of playground have 8 bits" in problem(models, chosen).message
    assert planned(models, {**chosen, "data.source": f"folder:{photos(each=20)}"}).problems == ()


@for_each("row", PARAMETERS, ids=lambda row: row.path)
def test_a_setting_left_at_its_default_is_never_refused_for_having_no_effect(row: Param) -> None:
    others: tuple[dict[str, Any], ...] = (
        {},
        SOLVED,
        THAWED,
        {"optimizer.name": "rmsprop", "stopping.rule": "GL", "schedule.name": "cosine"},
    )
    for changes in others:
        refused = {found.path for found in spec_problems(resolve(ExperimentSpec().with_values(changes)))}
        assert row.path not in refused


def test_a_fork_of_a_run_that_is_gone_says_so_beside_the_run(models: Path) -> None:
    found = problem(models, {"start.run": "gone", "start.epoch": 2})
    assert found.path == "start.run"
    assert "gone" in found.message


@pytest.fixture
def parent(models: Path) -> store.Run:
    """A run that keeps the checkpoint of epoch 2."""
    run = store.create(models, ExperimentSpec().with_values({**SMALL, "head.hidden": [8]}), "parent")
    entry = {"epoch": 2, "phase": "head", "file": "2.npz", "sha256": "", "bytes": 7}
    run.checkpoints.mkdir()
    (run.checkpoints / "2.npz").write_bytes(b"weights")
    write_json(run.report / "data.json", {"classes": ["one", "two", "three"]})
    write_json(run.checkpoints / "manifest.json", {"entries": [entry], "best_epoch": 2, "lines": []})
    return run


def test_a_fork_goes_on_from_an_epoch_that_is_kept(models: Path, parent: store.Run) -> None:
    fork = {"start.run": parent.id, "start.epoch": 2, "head.hidden": [8]}
    made = planned(models, fork)
    assert made.problems == ()
    assert (made.phases[0].phase.first, made.phases[-1].phase.last) == (3, 12)
    found = problem(models, {**fork, "start.epoch": 3})
    assert (found.path, found.remedy) == ("start.epoch", "Kept are epochs 2.")


def test_a_fork_of_a_run_whose_spec_is_damaged_says_so(models: Path, parent: store.Run) -> None:
    (parent.folder / "spec.json").write_text("{")
    found = problem(models, {"start.run": parent.id, "start.epoch": 2, "head.hidden": [8]})
    assert "spec.json" in found.path


@pytest.mark.parametrize(
    ("path", "value"), [("head.hidden", [16]), ("backbone.name", "MobileNetV2"), ("data.split_seed", 5)]
)
def test_a_fork_keeps_the_layers_and_the_split_of_its_parent(
    models: Path, parent: store.Run, path: str, value: Any
) -> None:
    found = problem(models, {"start.run": parent.id, "start.epoch": 2, "head.hidden": [8], path: value})
    assert found.path == path
    assert "a fork cannot change it" in found.message


def test_a_fork_at_another_size_is_told_of(models: Path, parent: store.Run) -> None:
    made = planned(models, {"start.run": parent.id, "start.epoch": 2, "head.hidden": [8], "data.image_size": 96})
    assert made.problems == ()
    assert any("a jump in the curves is not progress" in warning for warning in made.warnings)


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


@for_each("classifier", table.SOLVED.names)
def test_a_solved_classifier_needs_a_frozen_backbone(models: Path, classifier: str) -> None:
    penalty = {} if classifier in SELECTING else {"head.l2": 0.01}
    found = problem(models, {"head.classifier": classifier, **penalty, **THAWED})
    assert found.path == "backbone.freeze"
    assert "all-but-2" in found.message


@for_each("changes", [THAWED, {"backbone.keep": "block3"}, {"backbone.freeze": "none"}])
def test_joined_features_need_a_frozen_backbone(models: Path, changes: dict[str, Any]) -> None:
    joined = {"backbone.output": "block5+final", "train.backbone_learning_rate": 1e-3}
    found = problem(models, {**joined, **changes})
    assert (found.path, "block5+final" in found.message, bool(found.remedy)) == ("backbone.output", True, True)


@for_each("changes", [THAWED, {"backbone.keep": "block3"}, {"backbone.freeze": "none"}])
def test_averaging_with_mirror_images_needs_a_frozen_backbone(models: Path, changes: dict[str, Any]) -> None:
    found = problem(models, {"backbone.mirror": True, "train.backbone_learning_rate": 1e-3, **changes})
    assert found.path == "backbone.mirror" and "every block frozen" in found.message and found.remedy


def every_block(plan: Plan) -> int:
    """Bytes of the pooled features of every block of the default network."""
    assert plan.images
    return 4 * sum(plan.images.values()) * sum(block.channels for block in facts("EfficientNetLite0").blocks)


def test_features_of_mirror_images_take_twice_the_time_and_room_for_those_of_every_block(models: Path) -> None:
    """They are kept block by block: of the images, of their mirror images, and their mean."""
    one, both = (planned(models, {"backbone.mirror": mirror}) for mirror in (False, True))
    more = both.phases[0].feature_bytes - one.phases[0].feature_bytes
    assert both.problems == () and more == 3 * every_block(one)
    assert both.phases[0].seconds_before == pytest.approx(2 * one.phases[0].seconds_before)


def test_a_flip_of_images_that_are_averaged_with_their_mirror_images_is_warned_about(models: Path) -> None:
    flips: dict[str, Any] = {"augment": {"horizontal_flip": 0.5, "rotation": 10.0}}
    plain, both = (planned(models, {**flips, "backbone.mirror": mirror}) for mirror in (False, True))
    assert not any("flip" in said for said in plain.warnings)
    assert any("mirror image" in said for said in both.warnings)


def test_joined_features_are_planned_with_the_channels_of_all_blocks(models: Path) -> None:
    one, two, both = (planned(models, {"backbone.output": output}) for output in ("block5", "last", "block5+last"))
    assert both.problems == ()
    read = one.phases[0].feature_bytes + two.phases[0].feature_bytes
    assert both.phases[0].read_bytes == one.phases[0].read_bytes + two.phases[0].read_bytes
    assert both.phases[0].feature_bytes == read + every_block(one)
    assert both.head_parameters == one.head_parameters + two.head_parameters - 3  # Of three classes a bias each.


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
    assert not status(BACKBONES["ResNet50"]).present
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


def with_free(monkeypatch: pytest.MonkeyPatch, models: Path, free: int) -> None:
    usage = type(shutil.disk_usage(models))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - free, free))


def test_what_is_needed_and_what_is_free_are_told_apart(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(models, {"train.feature_cache": "off"})
    with_free(monkeypatch, models, made.disk_bytes - 7)
    found = problem(models, {"train.feature_cache": "off"})
    needed, has = re.search(r"needs (.*) of disk; .* has (.*) free", found.message).groups()
    assert needed != has
    assert found.remedy.startswith("Free 7 B")


@pytest.mark.parametrize(
    ("changes", "of_pixels", "possible"),
    [
        ({}, 0.5, {"data.image_size"}),
        ({}, -1.0, set()),
        ({"data.image_size": 32}, 0.0, set()),  # The network takes no smaller images.
        ({"data.image_size": 32, "train.keep_checkpoints": 1}, 0.5, set()),
        ({"train.keep_checkpoints": 5, "train.checkpoint_every": 1, "head.hidden": [4096]}, -1.0, set()),
        ({"train.keep_checkpoints": 5, "head.hidden": [4096]}, 0.9, {"data.image_size", "train.keep_checkpoints"}),
        ({"train.keep_checkpoints": 5, "head.hidden": [4096]}, -1.0, {"train.keep_checkpoints"}),
    ],
)
def test_only_settings_of_which_a_lower_value_is_enough_are_a_remedy(
    models: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], of_pixels: float, possible: set[str]
) -> None:
    changes = {"train.feature_cache": "off", "data.image_size": 224, **changes}
    made = planned(models, changes)
    pixels = bytes_needed(sum(made.images.values()), changes["data.image_size"])
    with_free(monkeypatch, models, int(made.disk_bytes - pixels + of_pixels * pixels))
    found = problem(models, changes)
    assert {path for path in ("data.image_size", "train.keep_checkpoints") if path in found.remedy} == possible
    assert found.path in possible or (found.path, possible) == ("models", set())


def test_where_only_features_do_not_fit_on_the_disk_a_run_may_start_and_is_told_that_it_is_slow(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planned(models, {})
    features = sum(phase.feature_bytes for phase in made.phases)
    usage = type(shutil.disk_usage(models))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, made.disk_bytes - features // 2))
    short = planned(models, {})
    assert short.problems == ()
    assert any("computed in every epoch, which is slow" in warning for warning in short.warnings)
    assert planned(models, {"train.feature_storage": "float16"}).disk_bytes == made.disk_bytes - features // 2


def test_int8_without_its_package_is_said_before_anything_is_decoded(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "find_spec", lambda _: None)
    found = problem(models, {"train.prefix_precision": "int8"})
    assert found.path == "train.prefix_precision"
    assert "pip install nncf" in found.remedy


def test_planning_leaves_nothing_behind(models: Path, tmp_path: Path) -> None:
    planned(models, {})
    planned(tmp_path / "new", {})
    assert list(models.iterdir()) == []
    assert not (tmp_path / "new").exists()


@for_each("shares", [(0.8, 0.5), (0.5, 0.5)], ids=str)
def test_shares_that_leave_no_images_for_training_are_refused(models: Path, shares: tuple[float, float]) -> None:
    found = problem(models, dict(zip(("data.validation_share", "data.test_share"), shares, strict=True)))
    assert found.path == "data.test_share"
    assert found.message == f"received 0.5; with the validation share of {shares[0]:g} no images are left for training"


def test_shares_that_leave_images_for_training_are_not(models: Path) -> None:
    assert planned(models, {"data.validation_share": 0.5, "data.test_share": 0.49}).problems == ()


def test_a_chosen_layout_is_refused_where_it_makes_no_difference(models: Path, photos: Photos) -> None:
    chosen = {"data.layout": "classes"}
    assert "has no effect: only a folder has a layout" in problem(models, chosen).message
    root = photos("cat", "dog")
    assert "are the classes without it" in problem(models, {**chosen, "data.source": f"folder:{root}"}).message
    for name in ("learn", "check"):
        photos("cat", "dog", root="other", inside=name)
    assert planned(models, {**chosen, "data.source": f"folder:{root.parent / 'other'}"}).problems == ()


def test_what_is_not_there_cannot_be_accepted_as_missing(models: Path, photos: Photos) -> None:
    assert "has no effect: only images in folders" in problem(models, {"data.accept_missing": "cat"}).message
    folder = {"data.source": f"folder:{photos('cat', 'dog', each=12)}"}
    found = problem(models, {**folder, "data.accept_missing": "cta"})
    assert found == Problem("data.accept_missing", "there is no class or part in a folder 'cta'", "Did you mean cat?")
    assert (
        planned(models, {**folder, "data.accept_missing": "cat"}).problems == ()
    )  # It may be missing when it is decoded.


def test_a_plan_names_what_is_missing_until_it_is_accepted(models: Path, photos: Photos) -> None:
    root = photos("cat", "dog", "eel", each=12)
    for file in (root / "eel").iterdir():
        file.write_bytes(b"")
    folder = {"data.source": f"folder:{root}"}
    assert problem(models, folder).message == "the class eel is missing: empty file"
    made = planned(models, {**folder, "data.accept_missing": "eel"})
    assert (made.problems, made.classes, [one.name for one in made.missing]) == ((), 2, ["eel"])
    assert made.warnings == ("The class eel is missing: empty file.",)


def test_a_file_of_another_network_is_refused_by_name_at_the_field_of_the_weights(models: Path, tmp_path: Path) -> None:
    own = {"backbone.weights": f"file:{write_legacy(tmp_path / 'mine.h5', vgg16())}"}
    assert planned(models, {"backbone.name": "VGG16", **own}).problems == ()
    found = problem(models, {"backbone.name": "ResNet50", **own})
    assert found.path == "backbone.weights"
    assert "these are the weights of VGG16, the spec says ResNet50" in found.message
