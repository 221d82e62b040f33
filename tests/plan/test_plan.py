"""What a plan says of a run before it starts, held against what the engine then builds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Photos
from tests.each import quick_first
from tests.families import FAMILIES
from tl_core.backbones import BACKBONES, facts
from tl_core.backbones.facts import image_sizes
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import Plan, phase_plan, plan

SMALL = {"data.source": "playground:classes=3,images_per_class=20", "data.image_size": 64}


def spec_of(changes: dict[str, Any]) -> ExperimentSpec:
    return ExperimentSpec().with_values({**SMALL, **changes})


def planned(models: Path, **changes: Any) -> Plan:
    made = plan(resolve(spec_of({path.replace("__", "."): value for path, value in changes.items()})), models)
    assert made.problems == ()
    return made


NETWORKS: list[dict[str, Any]] = [{}, {"backbone.output": "middle", "head.hidden": [16, 8], "head.batch_norm": True}]
TRAINING: list[dict[str, Any]] = [
    {"backbone.freeze": "all"},
    {"backbone.freeze": "all-but-3", "train.head_epochs": 1, "train.stages": "all-but-1:1,all-but-2:1"},
    {"backbone.freeze": "all-but-2", "train.update_batch_norm": True},
    {"backbone.freeze": "none"},
]


@pytest.mark.slow
@pytest.mark.parametrize("backbone", quick_first(FAMILIES, "EfficientNetLite0", "MobileNetV2"))
@pytest.mark.parametrize("network", NETWORKS, ids=["whole", "middle"])
def test_parameters_and_what_trains_are_those_of_the_network(
    backbone: str, network: dict[str, Any], models: Path
) -> None:
    from tl_core.engine.backend import keras
    from tl_core.engine.networks.assembly import assemble, divide

    def count(variables: Any) -> int:
        return sum(keras.ops.size(variable) for variable in variables)

    size = {"data.image_size": image_sizes(BACKBONES[backbone])[0]}
    own = {"backbone.name": backbone, "backbone.weights": "random", **size, **network}
    model = assemble(resolve(spec_of(own)), 3)
    few = len(BACKBONES[backbone].cuts) <= 3  # NASNet has one block: every cell reads the two before it.
    for training in [each for each in TRAINING if not few or "but" not in each["backbone.freeze"]]:
        spec = spec_of({**own, **training})
        made = plan(resolve(spec), models)
        assert made.parameters == count(model.weights), training
        for phase, said in zip(resolve(spec).phases, made.phases, strict=True):
            parts = divide(model, resolve(spec), phase.frozen)
            assert said.trainable == count(parts.tail.trainable_variables), training
            assert said.trainable == count(model.trainable_variables), training
        statistics = 2 * (made.blocks[-1].shape[-1] + 16 + 8) if spec.head.batch_norm else 0
        assert sum(block.trainable for block in made.blocks) + made.head_parameters - statistics == made.trainable


@pytest.mark.slow
@pytest.mark.parametrize("freeze", ["all", "all-but-2", "block3"])
def test_stored_features_take_what_the_plan_says(freeze: str, models: Path) -> None:
    from tl_core.engine.networks.assembly import assemble, divide

    spec = spec_of({"backbone.weights": "random", "backbone.freeze": freeze})
    (phase,) = resolve(spec).phases
    prefix = divide(assemble(resolve(spec), 3), resolve(spec), phase.frozen).prefix
    assert prefix is not None
    floats = 1
    for side in prefix.outputs[0].shape[1:]:
        floats *= side
    assert plan(resolve(spec), models).phases[0].feature_bytes == 60 * floats * 4


def test_two_classes_need_one_unit_unless_softmax_is_asked_for(models: Path) -> None:
    two = "playground:classes=2,images_per_class=20"
    assert planned(models, data__source=two).head_parameters == 1280 + 1
    assert planned(models, data__source=two, head__classifier="softmax").head_parameters == 2 * 1280 + 2


def test_the_head_counts_its_hidden_layers(models: Path) -> None:
    assert planned(models, head__hidden=[10, 4]).head_parameters == (1280 * 10 + 10) + (10 * 4 + 4) + (4 * 3 + 3)


def test_batch_normalisation_in_the_head_has_four_numbers_a_channel_two_of_which_train(models: Path) -> None:
    plain, normal = planned(models, head__hidden=[10]), planned(models, head__hidden=[10], head__batch_norm=True)
    assert normal.head_parameters - plain.head_parameters == 4 * (1280 + 10)
    assert normal.trainable - plain.trainable == 2 * (1280 + 10)


def test_a_plan_is_plain_json(models: Path) -> None:
    made = planned(models, backbone__freeze="all-but-2", head__batch_norm=True, train__head_epochs=2)
    read = json.loads(json.dumps(made.to_json()))
    assert 0 < read["smallest_difference"] == made.smallest_difference < 1
    assert [phase["phase"]["name"] for phase in read["phases"]] == ["head", "fine-tune"]
    assert read["trainable"] == made.trainable and read["parameters"] == made.parameters
    assert read["techniques"][0] == vars(made.techniques[0])
    assert read["blocks"][-1]["name"] == made.blocks[-1].name


def test_each_stage_of_unfreezing_trains_what_it_thaws(models: Path) -> None:
    made = planned(models, train__stages="all-but-1:2", backbone__freeze="all-but-3", train__head_epochs=2)
    counts = [phase.trainable for phase in made.phases]
    assert counts == sorted(set(counts)) and len(counts) == 3
    assert counts[0] == made.head_parameters
    assert counts[2] == made.trainable
    sizes = [phase.feature_bytes for phase in made.phases]
    assert sizes[0] <= sizes[1] < sizes[2]


def test_stored_views_cost_disk_and_save_time(models: Path) -> None:
    drawn, stored = planned(models, augment="zoom"), planned(models, augment="zoom", train__views=4)
    assert not drawn.phases[0].cached and stored.phases[0].cached
    assert "4 augmented versions" in stored.phases[0].reason
    assert stored.phases[0].feature_bytes - drawn.phases[0].feature_bytes == 4 * 39 * 1280 * 4
    assert stored.seconds < drawn.seconds
    assert planned(models, augment="zoom", train__views=50).phases[0].feature_bytes == drawn.phases[0].feature_bytes + (
        10 * 39 * 1280 * 4
    )


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [
        ({}, 3),
        ({"optimizer__name": "sgd"}, 2),
        ({"optimizer__name": "sgd", "optimizer__momentum": 0.0}, 1),
        ({"optimizer__name": "rmsprop"}, 2),
        ({"optimizer__ema": 0.99}, 4),
    ],
    ids=str,
)
def test_checkpoints_hold_the_weights_what_the_optimiser_remembers_and_their_average(
    models: Path, optimizer: dict[str, Any], kept: int
) -> None:
    one, two = (planned(models, train__keep_checkpoints=number, **optimizer) for number in (1, 2))
    assert two.disk_bytes - one.disk_bytes == 4 * kept * one.trainable


def test_outputs_take_six_bytes_for_each_evaluated_image_and_epoch(models: Path) -> None:
    few, many = (planned(models, train__epochs=number) for number in (10, 1010))
    assert many.disk_bytes - few.disk_bytes == 6 * 1000 * (few.images["validation"] + few.images["train"])


def test_checkpoints_kept_now_and_then_take_disk(models: Path) -> None:
    assert planned(models, train__checkpoint_every=2).disk_bytes > planned(models).disk_bytes


@pytest.mark.parametrize(
    ("changes", "cached", "because"),
    [
        ({}, True, "computed once and stored"),
        ({"backbone__freeze": "all-but-2"}, True, "computed once and stored"),
        ({"augment": "zoom"}, False, "Augmented images differ"),
        ({"train__feature_cache": "off"}, False, "train.feature_cache is off"),
        ({"train__feature_cache": "off", "augment": "zoom"}, False, "train.feature_cache is off"),
        ({"backbone__freeze": "none"}, False, "Every layer trains"),
        ({"backbone__freeze": "none", "augment": "zoom"}, False, "Every layer trains"),
    ],
    ids=str,
)
def test_the_cache_decision_comes_with_its_reason(
    models: Path, changes: dict[str, Any], cached: bool, because: str
) -> None:
    (phase,) = planned(models, **changes).phases
    assert phase.cached is cached
    assert because in phase.reason


def test_augmentation_still_stores_features_of_what_is_never_augmented(models: Path) -> None:
    assert planned(models, augment="zoom").phases[0].feature_bytes > 0
    assert planned(models, train__feature_cache="off").phases[0].feature_bytes == 0
    assert planned(models, backbone__freeze="none").phases[0].feature_bytes == 0


def test_images_are_counted_by_part(models: Path) -> None:
    made = planned(models)
    assert made.images is not None and sum(made.images.values()) == 60
    assert made.images == {"train": 39, "validation": 12, "test": 9}
    assert made.classes == 3 and made.skipped == ()


def test_a_limit_of_images_is_counted(models: Path) -> None:
    made = planned(models, data__images_per_class=5)
    assert made.images is not None and made.images["train"] == 15


@pytest.mark.parametrize("backbone", BACKBONES.names)
def test_blocks_are_those_that_are_used(models: Path, backbone: str) -> None:
    size = image_sizes(BACKBONES[backbone])[-1]
    made = planned(models, backbone__name=backbone, data__image_size=size)
    assert tuple(block.name for block in made.blocks) == BACKBONES[backbone].cut_names
    assert [block.shape[:2] for block in made.blocks] == [block.size_at(size) for block in facts(backbone).blocks]
    early = planned(models, backbone__name=backbone, data__image_size=size, backbone__output="middle")
    assert made.blocks[: len(early.blocks)] == early.blocks
    assert early.parameters < made.parameters


def test_more_work_is_said_to_take_longer(models: Path) -> None:
    frozen, tuned = planned(models), planned(models, backbone__freeze="none")
    assert 0 < frozen.seconds < tuned.seconds
    assert planned(models, augment="zoom").seconds > frozen.seconds
    assert planned(models, train__epochs=100).seconds > frozen.seconds
    assert planned(models, data__image_size=224).seconds > frozen.seconds


def test_the_time_of_a_long_run_on_cached_features_is_within_a_factor_of_two_of_what_it_took() -> None:
    """A head on cached features, without other work on the machine: 24 ms an epoch on 96 digits, 125 on 3,068 photos."""
    for train, validation, seconds in ((96, 24, 0.024), (3068, 341, 0.125)):
        experiment = resolve(ExperimentSpec().with_values({"train.epochs": 10_000}))
        images = {"train": train, "validation": validation, "test": 0}
        plan = phase_plan(experiment.phases[0], images, 10, missing=0)
        assert 0.5 < plan.seconds / (10_000 * seconds) < 2


def test_the_time_counts_what_recording_every_epoch_costs(models: Path) -> None:
    """A checkpoint after each: of 10,000 epochs of a head with a megabyte of weights, as with a moving average of them, the larger part."""
    long = {"train__epochs": 10_000, "data__images_per_class": 5}
    plain, averaged, large = (
        planned(models, **long, **more) for more in ({}, {"optimizer__ema": 0.9}, {"head__hidden": [256]})
    )
    assert plain.seconds < averaged.seconds < large.seconds
    assert large.seconds > 2 * plain.seconds


def test_more_training_is_said_to_take_more_memory_and_disk(models: Path) -> None:
    frozen, tuned = planned(models), planned(models, backbone__freeze="none")
    assert 0 < frozen.memory_bytes < tuned.memory_bytes
    assert planned(models, backbone__freeze="none", train__batch_size=128).memory_bytes > tuned.memory_bytes
    assert planned(models, train__keep_checkpoints=50).disk_bytes > frozen.disk_bytes


def test_pixels_that_are_decoded_already_cost_nothing(models: Path) -> None:
    from tl_core.data.prepare import prepare
    from tl_core.store import cache_folder

    spec, before = spec_of({}), planned(models)
    prepare(spec.data, resolve(spec).image_size, cache_folder(models), lambda *_: None)
    after = planned(models)
    assert after.seconds < before.seconds
    assert before.disk_bytes - after.disk_bytes >= 60 * 64 * 64 * 3


def test_the_plan_shows_how_a_folder_was_read_and_what_each_part_has_of_each_class(
    models: Path, photos: Photos
) -> None:
    photos("cat", "dog", inside="seg_train", each=10)
    root = photos("cat", "dog", inside="seg_test", each=3).parent
    (root / "seg_train" / "cat" / "a.txt").write_text("x")
    (root / "docs").mkdir()
    made = json.loads(json.dumps(planned(models, data__source=f"folder:{root}").to_json()))
    assert made["layout"] == {"train": "seg_train", "test": "seg_test"}
    assert made["class_images"] == [{"name": name, "train": 8, "validation": 2, "test": 3} for name in ("cat", "dog")]
    assert made["skipped"] == [
        {"file": "seg_train/cat/a.txt", "reason": "not the name of an image file", "kind": "not-an-image"},
        {"file": "docs/", "reason": "not one of the parts train, validation and test", "kind": "place"},
    ]


def test_what_is_left_out_is_listed_also_where_the_data_cannot_be_used(models: Path, photos: Photos) -> None:
    root = photos("cat")
    (root / "cat" / "empty.jpg").touch()
    made = plan(resolve(spec_of({"data.source": f"folder:{root}"})), models)
    assert made.problems and [item.reason for item in made.skipped] == ["empty file"]
