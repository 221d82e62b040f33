"""What is stored already costs neither time nor disk: the plan finds features under the key the engine stores them under."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tl_core import store
from tl_core.cache import feature_keys
from tl_core.cache.arrays import INDEX
from tl_core.data.pixels import key_of
from tl_core.data.prepare import listed
from tl_core.devices import Device
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json
from tl_core.plan import Plan, plan
from tl_core.plan.plan import is_stored

SMALL = {"data.source": "digits", "data.image_size": 32, "data.images_per_class": 12, "train.epochs": 2}
CPU = Device("cpu", "Processor", {})

KEYS = ["c82bf161bd4655bcfa1a", "8efe72453ccad9c5a750", "497a38b0c22c9900f0fd"]
"""Names of entries as they were before a plan could look for them."""


@pytest.fixture(autouse=True)
def on_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("tl_core.plan.plan"), "devices", lambda: (CPU,))


def spec_of(**changes: Any) -> ExperimentSpec:
    return ExperimentSpec().with_values(
        {**SMALL, **{path.replace("__", "."): value for path, value in changes.items()}}
    )


def stored_as_the_engine_would(spec: ExperimentSpec, models: Path) -> None:
    """An entry for the features of each phase, without what they are."""
    pixels = key_of(listed(spec.data), resolve(spec).image_size)
    for phase in resolve(spec).phases:
        assert phase.frozen is not None
        key = feature_keys.key_of(pixels, phase.experiment.feature_identity(phase.frozen, "CPU"))
        folder = feature_keys.folder_of(store.cache_folder(models), key, spec.train.feature_storage)
        folder.mkdir(parents=True)
        write_json(folder / INDEX, {})


def kept(made: Plan) -> list[bool]:
    return [phase.stored for phase in made.phases]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"train__feature_storage": "float16"}, marks=pytest.mark.long),
        pytest.param({"train__prefix_precision": "bf16"}, marks=pytest.mark.long),
        {"backbone__freeze": "all-but-2", "backbone__keep": "block3", "train__seed": 3},
        pytest.param({"backbone__output": "middle", "head__pooling": "max"}, marks=pytest.mark.long),
        pytest.param({"head__classifier": "logistic-regression", "train__epochs": 10}, marks=pytest.mark.long),
        {"data__images_per_class": None},
    ],
    ids=["f32", "float16", "bf16", "random above", "middle", "solved", "all images"],
)
def test_what_the_engine_got_ready_the_plan_finds(changes: dict[str, Any], models: Path) -> None:
    from tl_core.engine.networks.network_pool import NetworkPool
    from tl_core.worker.prefetch import prefetch

    spec = spec_of(**changes)
    before = plan(resolve(spec), models)
    prefetch(resolve(spec), models, lambda *_: None, NetworkPool())
    after = plan(resolve(spec), models)
    assert (before.problems, kept(before), kept(after)) == ((), [False], [True])
    assert "stored already" in after.phases[0].reason
    assert (after.seconds_before, after.phases[0].feature_bytes) == (0, 0)
    (features,) = (store.cache_folder(models) / "features").glob("*/features.f*")
    assert before.phases[0].feature_bytes == features.stat().st_size >= before.phases[0].read_bytes
    assert (before.phases[0].feature_bytes == before.phases[0].read_bytes) is (spec.data.images_per_class is None)
    assert before.disk_bytes - after.disk_bytes > features.stat().st_size
    assert after.seconds < before.seconds
    assert after.memory_bytes == before.memory_bytes


@pytest.mark.long
@pytest.mark.slow
def test_each_phase_of_a_run_finds_what_an_earlier_run_stored(models: Path) -> None:
    from tl_core.engine.training.lifecycle import train

    spec = spec_of(backbone__freeze="all-but-2", train__head_epochs=1, train__epochs=1)
    assert kept(plan(resolve(spec), models)) == [False, False]
    train(store.create(models, spec), models, lambda *_: None)
    assert kept(plan(resolve(spec), models)) == [True, True]
    assert kept(plan(resolve(spec.with_values({"backbone.freeze": "all-but-3"})), models)) == [True, False]


def test_the_key_is_the_one_that_features_of_earlier_versions_lie_under(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_keys, "_version", lambda package: {"openvino": "2025.3", "keras": "3.11"}[package])
    whole = resolve(spec_of()).feature_identity("final", "CPU")
    partly = resolve(spec_of(backbone__keep="block5", train__seed=7)).feature_identity("block5", "CPU", "start")
    folders = [
        feature_keys.folder_of(Path("cache"), feature_keys.key_of("pixels", whole)),
        feature_keys.folder_of(Path("cache"), feature_keys.key_of("pixels", whole, ("bf16",)), "float16"),
        feature_keys.folder_of(Path("cache"), feature_keys.key_of("pixels", partly)),
    ]
    assert [folder.parent for folder in folders] == [Path("cache/features")] * 3
    assert [folder.name for folder in folders] == KEYS


def test_features_of_other_settings_are_not_taken_for_those_of_a_run(models: Path) -> None:
    stored_as_the_engine_would(spec_of(), models)
    assert kept(plan(resolve(spec_of(train__learning_rate=0.01, train__seed=5)), models)) == [True]
    others: list[dict[str, Any]] = [
        {"head__pooling": "max"},
        {"data__image_size": 64},
        {"backbone__weights": "random"},
        {"train__feature_storage": "float16"},
        {"train__prefix_precision": "bf16"},
        {"train__prefix_precision": "int8"},
        {"train__feature_cache": "off"},
        {"backbone__freeze": "none"},
    ]
    assert [kept(plan(resolve(spec_of(**changes)), models)) for changes in others] == [[False]] * len(others)


def test_on_a_gpu_and_for_a_fork_nothing_counts_as_stored(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored_as_the_engine_would(spec_of(), models)
    fork = spec_of(start__run="digits-abcd", start__epoch=1)
    pixels, cache = key_of(listed(fork.data), resolve(fork).image_size), store.cache_folder(models)
    assert [is_stored(resolve(spec).phases[0], pixels, cache) for spec in (spec_of(), fork)] == [True, False]
    monkeypatch.setattr(import_module("tl_core.plan.plan"), "devices", lambda: (Device("gpu0", "A GPU", {}),))
    assert kept(plan(resolve(spec_of()), models)) == [False]


def test_of_stored_views_only_the_views_are_still_to_be_made(models: Path) -> None:
    spec = spec_of(augment="zoom", train__views=2)
    before = plan(resolve(spec), models)
    stored_as_the_engine_would(spec, models)
    after = plan(resolve(spec), models)
    assert before.images and kept(after) == [False]
    assert before.phases[0].feature_bytes - after.phases[0].feature_bytes == 4 * 1280 * len(listed(spec.data).items)
    assert after.phases[0].feature_bytes == 4 * 1280 * 2 * before.images["train"]
    assert 0 < after.seconds_before < before.seconds_before


def test_where_weights_are_not_to_be_had_the_plan_still_stands(models: Path, tmp_path: Path) -> None:
    made = plan(resolve(spec_of(backbone__weights=f"file:{tmp_path / 'gone.h5'}")), models)
    assert [problem.path for problem in made.problems] == ["backbone.weights"]
    assert kept(made) == [False]


def test_an_augmented_run_stores_features_of_its_training_images_too(models: Path) -> None:
    """They are what the clean training curve is measured on."""
    plain, augmented = plan(resolve(spec_of()), models), plan(resolve(spec_of(augment="zoom")), models)
    assert augmented.seconds_before == pytest.approx(plain.seconds_before)
    assert augmented.phases[0].feature_bytes == plain.phases[0].feature_bytes
