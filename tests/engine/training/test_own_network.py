"""Runs of a network of your own: trained, resumed, used and probed like those of any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.engine.conftest import quiet, small_spec
from tests.engine.training.test_resume import assert_same, outcome
from tl_core import store
from tl_core.backbones import added
from tl_core.engine.backend import keras
from tl_core.engine.probe.depth import probe
from tl_core.engine.results import export
from tl_core.engine.serving import predictor
from tl_core.engine.training.lifecycle import train
from tl_core.errors import BadInput, RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage

pytestmark = pytest.mark.slow


def spec_of(name: str, preset: str = "feature-extraction", **changes: object) -> ExperimentSpec:
    return small_spec(preset, backbone__name=name, data__images_per_class=8, train__epochs=3, **changes)


def stopped_then_resumed(spec: ExperimentSpec, models: Path) -> store.Run:
    run = store.create(models, spec)

    def stop(activity: Activity, _done: int, _total: int) -> None:
        if activity.stage == Stage.TRAINING and activity.epoch == 2:
            raise RunStopped("stopped by the test")

    with pytest.raises(RunStopped):
        train(run, models, stop)
    train(run, models, quiet)
    return run


def test_a_run_is_trained_resumed_exactly_exported_and_predicts(own_network: str, shared_models: Path) -> None:
    spec = spec_of(own_network)
    run = store.create(shared_models, spec)
    train(run, shared_models, quiet)
    assert_same(outcome(stopped_then_resumed(spec, shared_models)), outcome(run))
    opened, signature = export.load(run.export)
    assert signature.details["backbone"] == own_network
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    alone = keras.saving.load_model(run.export / export.MODEL, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(opened(images)), np.asarray(alone(images)))
    np.testing.assert_allclose(predictor(run, None).scores(images), np.asarray(alone(images)), atol=1e-5)


@pytest.mark.long
def test_a_thawed_run_resumes_exactly_and_starts_from_the_weights_of_the_file(
    own_network: str, shared_models: Path
) -> None:
    spec = spec_of(own_network, "fine-tune", backbone__freeze="block1", train__head_epochs=1, augment={"rotation": 10})
    run = store.create(shared_models, spec)
    train(run, shared_models, quiet)
    assert_same(outcome(stopped_then_resumed(spec, shared_models)), outcome(run))


@pytest.mark.long
def test_a_depth_probe_has_its_blocks(own_network: str, shared_models: Path) -> None:
    found = probe(resolve(spec_of(own_network)), shared_models, quiet)
    assert [depth.cut for depth in found.depths] == ["block1", "block2", "block3"]


def test_without_its_folder_a_run_says_so_and_does_not_go_on(
    own_network: str, shared_models: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(shared_models / "networks", models / "networks")
    added.use(models)
    run = store.create(models, spec_of(own_network))
    added.remove(models, own_network)
    with pytest.raises((RunFailed, BadInput), match="Tiny was removed"):
        train(run, models, quiet)
    assert store.read_spec(run).backbone.name == own_network
    shutil.rmtree(models / "networks")
    with pytest.raises(BadInput, match=f"the network of your own '{own_network}' is not in {models / 'networks'}"):
        store.read_spec(run)
