"""The depth probe: what it says of real images, what it may not look at, and that it computes nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.conftest import Photos
from tests.each import for_each
from tests.engine.conftest import quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.backbones import BACKBONES, facts
from tl_core.data.dataset import Item
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.inputs import every_cut
from tl_core.engine.probe import depth
from tl_core.engine.probe.depth import PROBING, costs, probe
from tl_core.errors import BadInput, RunFailed, RunStopped
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec, HeadSpec
from tl_core.plan import plan
from tl_core.records import Activity, Stage, from_json
from tl_core.results.depth_probe import DepthProbeOptions, Probe

SPEC = small_spec(data__images_per_class=30)
CUTS = BACKBONES[SPEC.backbone.name].cut_names


@pytest.fixture(scope="module")
def found(shared_models: Path) -> Probe:
    return probe(resolve(SPEC), shared_models)


@pytest.mark.slow
def test_every_block_is_scored_and_later_ones_know_more(found: Probe) -> None:
    assert tuple(row.cut for row in found.depths) == CUTS
    for row in found.depths:
        assert set(row.heads) == {"lda", "nearest-mean"}
        for score in (row.ridge, row.neighbours, *row.heads.values()):
            assert 0 <= score.low <= score.accuracy <= score.high <= 1
    lowest, best = found.depths[0].ridge, found.best.ridge
    assert lowest.accuracy > 0.2, "ten digits by chance are 0.1"
    assert found.best.heads["lda"].accuracy > found.depths[0].heads["lda"].high
    assert best.low > lowest.high
    assert found.best.cut in found.reading
    assert from_json(Probe, json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.long
@pytest.mark.slow
def test_ridge_on_the_last_block_is_close_to_a_run_of_logistic_regression(
    found: Probe, trained: Callable[[ExperimentSpec], store.Run]
) -> None:
    changes = {"head.classifier": "logistic-regression", "head.dropout": 0.0, "head.l2": 1e-2}
    run = trained(SPEC.with_values(changes))
    last = found.depths[-1].ridge
    assert read_lines(run)[-1]["val_accuracy"] == pytest.approx(last.accuracy, abs=(last.high - last.low) / 2)


@pytest.mark.slow
def test_a_second_probe_computes_nothing_again(
    found: Probe, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("computed again")

    monkeypatch.setattr(every_cut, "pretrained", refuse)
    monkeypatch.setattr(every_cut, "compiled", refuse)
    other_split = SPEC.with_values({"data.split_seed": 5})
    assert probe(resolve(other_split), shared_models).depths != found.depths, "the same features, split otherwise"
    monkeypatch.setattr(depth, "at_every_cut", refuse)
    assert probe(resolve(SPEC), shared_models) == found
    otherwise_trained = probe(resolve(SPEC.with_values({"train.epochs": 50, "head.dropout": 0.5})), shared_models)
    assert [row.ridge for row in otherwise_trained.depths] == [row.ridge for row in found.depths]
    assert otherwise_trained.depths[0].cost != found.depths[0].cost


@pytest.mark.slow
def test_another_head_is_probed_without_solving_the_others_again_and_changes_nothing_that_is_said_of_depths(
    found: Probe, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve, solved = depth.solution, []

    def watched(head: HeadSpec, *arguments: Any) -> Any:
        solved.append((head.classifier, head.projection_units))
        return solve(head, *arguments)

    monkeypatch.setattr(depth, "solution", watched)
    options = DepthProbeOptions(("nearest-mean", "random-projection"))
    spec = SPEC.with_values({"head.projection_units": 64})
    made = probe(resolve(spec), shared_models, quiet, options)
    assert solved == [("random-projection", 64)] * len(CUTS)
    assert made.heads == options.heads
    assert [row.heads["nearest-mean"] for row in made.depths] == [row.heads["nearest-mean"] for row in found.depths]
    assert (made.reading, made.suggested.cut) == (found.reading, found.suggested.cut)
    assert probe(resolve(spec), shared_models, quiet, options) == made
    assert len(solved) == len(CUTS)
    drawn_anew = probe(resolve(spec.with_values({"train.seed": 8})), shared_models, quiet, options)
    assert drawn_anew.depths[-1].heads["random-projection"] != made.depths[-1].heads["random-projection"]


@pytest.mark.slow
@pytest.mark.parametrize("other", ["openvino", "keras", "device"])
@pytest.mark.usefixtures("found")
def test_scores_of_another_version_or_device_are_computed_anew(
    other: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ComputedAnew(Exception):
        pass

    def computed(*_: Any) -> NoReturn:
        raise ComputedAnew

    here = depth.version, depth.device_name
    monkeypatch.setattr(depth, "version", lambda package: "0.0" if package == other else here[0](package))
    monkeypatch.setattr(depth, "device_name", lambda: "another" if other == "device" else here[1]())
    monkeypatch.setattr(depth, "at_every_cut", computed)
    with pytest.raises(ComputedAnew):
        probe(resolve(SPEC), shared_models)


@pytest.mark.slow
def test_what_is_measured_does_not_change_what_is_chosen(
    found: Probe, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the labels of the validation images shuffled the choices and the training figures stay, and accuracy falls to chance."""

    def shuffled(*arguments: Any) -> Prepared:
        data = prepare(*arguments)
        rows = data.split.validation
        labels = data.dataset.labels.copy()
        labels[rows] = np.random.default_rng(0).permutation(labels[rows])
        items: tuple[Item, ...] = tuple(
            replace(item, label=int(label)) for item, label in zip(data.dataset.items, labels, strict=True)
        )
        read = replace(data.pixels, key="shuffled", dataset=replace(data.dataset, items=items))
        return Prepared(read, data.split)

    monkeypatch.setattr(depth, "prepare", shuffled)
    for row, before in zip(probe(resolve(SPEC), shared_models).depths, found.depths, strict=True):
        for score, kept in ((row.ridge, before.ridge), (row.neighbours, before.neighbours)):
            assert (score.setting, score.train_accuracy) == (kept.setting, kept.train_accuracy)
            assert score.accuracy < 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        small_spec(data__images_per_class=1),
        small_spec(data__source="playground:classes=2,images_per_class=8", data__validation_share=0.02),
        small_spec(data__images_per_class=3, data__label_noise=0.5),
    ],
    ids=["one image a class", "two classes and hardly a validation image", "wrong labels"],
)
def test_few_images_have_wide_intervals_and_no_errors(spec: ExperimentSpec, shared_models: Path) -> None:
    made = probe(resolve(spec), shared_models)
    images = made.images["validation"]
    assert all(row.ridge.high - row.ridge.low > 0.5 / np.sqrt(images) for row in made.depths)
    assert all(0 <= row.neighbours.train_accuracy <= 1 for row in made.depths)


def test_data_without_validation_images_or_with_one_class_is_refused(photos: Photos, tmp_path: Path) -> None:
    for folder, said in (
        (photos("cat", each=4), "two classes"),
        (photos("a", "b", each=1, root="few"), "left for validation"),
    ):
        with pytest.raises(BadInput, match=said):
            probe(resolve(small_spec(data__source=f"folder:{folder}")), tmp_path / "models")


def test_a_fork_is_refused(tmp_path: Path) -> None:
    spec = SPEC.with_values({"start": {"run": "20260101-000000-abcd", "epoch": 2}})
    with pytest.raises(BadInput, match="pretrained") as raised:
        probe(resolve(spec), tmp_path)
    assert raised.value.problems[0].path == "start.run"


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(Activity(Stage.DECODING), marks=pytest.mark.long),
        pytest.param(Activity(Stage.BUILDING), marks=pytest.mark.long),
        pytest.param(Activity(Stage.FEATURES), marks=pytest.mark.long),
        PROBING,
    ],
)
def test_it_can_be_stopped_at_any_stage_and_leaves_nothing_half_made(stage: str, tmp_path: Path) -> None:
    def stop(activity: Activity, _done: int, _total: int) -> None:
        if activity == stage:
            raise RunStopped("enough")

    spec = small_spec(data__source="playground:classes=2,images_per_class=10")
    with pytest.raises(RunStopped):
        probe(resolve(spec), tmp_path, stop)
    probe(resolve(spec), tmp_path)


@pytest.mark.slow
def test_features_that_are_no_numbers_are_reported(shared_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> dict[str, np.ndarray]:
        return {cut: np.full(values.shape, np.nan) for cut, values in every_cut.at_every_cut(*arguments).items()}

    monkeypatch.setattr(depth, "at_every_cut", broken)
    with pytest.raises(RunFailed, match="Features of stem are NaN for some images"):
        probe(resolve(SPEC.with_values({"data.split_seed": 9})), shared_models, quiet)


@pytest.mark.slow
def test_stored_features_take_what_the_costs_say(found: Probe, shared_models: Path) -> None:
    data = prepare(SPEC.data, resolve(SPEC).image_size, store.cache_folder(shared_models), quiet)
    stored = every_cut.at_every_cut(resolve(SPEC), data.pixels, store.cache_folder(shared_models), quiet)
    assert [values.nbytes for values in stored.values()] == [row.cost.pooled_total for row in found.depths]
    assert sum(found.images.values()) < len(data.pixels.images), "those that train nothing are stored too"


@for_each("preset", PRESETS, ids=PRESETS.names)
@for_each("backbone", BACKBONES.names)
def test_every_recipe_has_a_cost_at_every_depth(preset: Any, backbone: str) -> None:
    spec = preset.spec({"backbone.name": backbone})
    found = list(costs(resolve(spec), {"train": 100, "validation": 20, "test": 10}, 3, stored=130).values())
    heads, tails = ([getattr(cost, name) for cost in found] for name in ("head_seconds", "tail_seconds"))
    # But for its own arithmetic and checkpoints: a head on more channels takes longer.
    channels = [block.channels for block in facts(backbone).blocks]
    pairs = zip(pairwise(heads), pairwise(channels), strict=True)
    assert all(deeper > 0.97 * before for (before, deeper), (below, above) in pairs if above >= below), (
        "a deeper head waits for more of the network"
    )
    assert tails == sorted(tails, reverse=True), "the more is frozen the quicker"
    assert [cost.tail_trainable for cost in found] == sorted((cost.tail_trainable for cost in found), reverse=True)
    assert all(cost.map_total == 130 * cost.map_bytes >= cost.pooled_total for cost in found)


def test_a_cost_is_what_the_plan_of_that_experiment_says(tmp_path: Path) -> None:
    spec = PRESETS["fine-tune"].spec({"data.source": "digits", "train.head_epochs": 0, "backbone.freeze": "block5"})
    planned = plan(resolve(spec), tmp_path)
    counts = planned.images or {}
    cost = costs(resolve(spec), counts, planned.classes, sum(counts.values()))["block5"]
    assert cost.tail_seconds == planned.phases[-1].seconds
    assert cost.map_total == planned.phases[-1].feature_bytes
    assert cost.tail_trainable == planned.trainable
