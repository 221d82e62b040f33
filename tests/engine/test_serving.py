"""Any kept checkpoint of any run classifies as the network did when its line was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, low_spec, quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.data.prepare import prepare
from tl_core.engine import serving
from tl_core.engine.backend import keras
from tl_core.engine.results import export
from tl_core.engine.training import weights
from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import checkpoints

pytestmark = pytest.mark.slow

Trained = Callable[[ExperimentSpec], store.Run]

TWO_CLASSES = {"data__source": "playground:classes=2,images_per_class=30,difficulty=0", "data__image_size": 32}
SPECS = {
    "two phases": small_spec(
        "fine-tune",
        **SHALLOW,
        backbone__freeze="all-but-1",
        train__head_epochs=2,
        train__epochs=2,
        train__backbone_learning_rate=1e-3,
    ),
    "from scratch": small_spec("from-scratch", **SHALLOW, train__epochs=2),
    "two classes, one output": low_spec(**TWO_CLASSES, data__images_per_class=20),
    "two classes, margins": low_spec(**TWO_CLASSES, data__images_per_class=20, head__classifier="linear-svm"),
}


each_kind = pytest.mark.parametrize("name", quick_first(SPECS, "two phases"))


@pytest.fixture(scope="module")
def run_of(shared_models: Path) -> Callable[[str], store.Run]:
    """A run of a kind, trained once, that kept every checkpoint."""
    from tl_core.engine.training.lifecycle import train

    @cache
    def trained(kind: str) -> store.Run:
        made = store.create(shared_models, SPECS[kind].with_values({"train.keep_checkpoints": 10}))
        train(made, shared_models, quiet)
        return made

    return trained


@pytest.fixture
def run(run_of: Callable[[str], store.Run], tmp_path: Path) -> store.Run:
    """A copy of the run of two phases that a test may damage."""
    source = run_of("two phases")
    return store.Run(shutil.copytree(source.folder, tmp_path / "models" / "runs" / source.id))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def validation_of(run: store.Run, models: Path) -> tuple[np.ndarray, np.ndarray]:
    spec = store.read_spec(run)
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(models), quiet)
    return data.pixels.images[data.split.validation], data.dataset.labels[data.split.validation]


@each_kind
def test_each_checkpoint_measures_what_its_line_says(
    name: str, run_of: Callable[[str], store.Run], shared_models: Path
) -> None:
    run = run_of(name)
    images, labels = validation_of(run, shared_models)
    lines = read_lines(run)
    assert [entry.epoch for entry in checkpoints.kept(run)] == [line["epoch"] for line in lines]
    for line in lines:
        scores = serving.predictor(run, line["epoch"]).scores(images)
        assert (scores.argmax(axis=1) == labels).mean() == pytest.approx(line["val_accuracy"])


@each_kind
def test_the_checkpoint_of_the_best_epoch_scores_as_the_export(
    name: str, run_of: Callable[[str], store.Run], shared_models: Path
) -> None:
    run = run_of(name)
    images, _ = validation_of(run, shared_models)
    best = store.read_state(run).exported_epoch
    one, other = serving.predictor(run, best), serving.predictor(run, None)
    np.testing.assert_allclose(one.scores(images[:16]), other.scores(images[:16]), atol=1e-5)
    assert one.signature.output == other.signature.output
    assert one.signature.details["epoch"] == other.signature.details["epoch"] == best


def test_an_epoch_that_is_not_kept_says_which_are(run: store.Run) -> None:
    with pytest.raises(BadInput, match=r"no checkpoint of epoch 7.*Kept are epochs 1, 2, 3, 4"):
        serving.predictor(run, 7)


def test_a_checkpoint_that_training_gives_up_while_it_is_read_is_said_so(
    run: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = weights.first_network

    def slow(*arguments: Any) -> Any:
        checkpoints.remove_all_but_needed(run)
        return whole(*arguments)

    (gone,) = [entry.epoch for entry in checkpoints.removable(run)][:1]
    monkeypatch.setattr(weights, "first_network", slow)
    with pytest.raises(BadInput, match=rf"the checkpoint of epoch {gone} .* was just removed"):
        serving.predictor(run, gone)


def test_a_damaged_checkpoint_is_said_to_be_so(run: store.Run) -> None:
    (run.checkpoints / checkpoints.kept(run)[0].file).write_bytes(b"half of it")
    with pytest.raises(BadInput, match=r"of epoch 1 .* is damaged"):
        serving.predictor(run, 1)


def test_other_pretrained_weights_than_the_run_began_with_are_refused(run: store.Run) -> None:
    store.write_state(run, weights="others")
    with pytest.raises(BadInput, match="pretrained weights differ from those of"):
        serving.predictor(run, 1)


@pytest.mark.parametrize(
    "status, remedy",
    [
        (store.STOPPED, "Export it, or choose a checkpoint: epoch 1, 2, 3, 4"),
        (store.FAILED, "Export it, or choose a checkpoint"),
        (store.RUNNING, "Wait until it ends, or choose a checkpoint"),
    ],
)
def test_a_run_without_an_export_says_what_to_do(run: store.Run, status: str, remedy: str) -> None:
    shutil.rmtree(run.export)
    store.write_state(run, status=status, **store.this_process())
    with pytest.raises(BadInput, match=f"has not exported its best epoch.*{remedy}"):
        serving.predictor(run, None)


def test_a_run_that_has_no_checkpoint_yet_says_to_wait(shared_models: Path) -> None:
    fresh = store.create(shared_models, small_spec())
    store.queue.add(fresh)
    with pytest.raises(BadInput, match=r"Wait until it ends\.$"):
        serving.predictor(fresh, None)
    with pytest.raises(BadInput, match="written at the end of its first epoch"):
        serving.predictor(fresh, 1)


def test_a_network_is_built_once_and_anew_where_its_file_changed(
    run: store.Run, run_of: Callable[[str], store.Run], picture: Path
) -> None:
    first = serving.predictor(run, None)
    assert serving.predictor(run, None) is first
    shutil.rmtree(run.export)
    shutil.copytree(run_of("two classes, margins").export, run.export)
    (prediction,), _ = serving.predictor(run, None).files([picture])
    assert {name for name, _ in prediction.scores} == set(serving.predictor(run, None).signature.classes)
    assert len(prediction.scores) == 2


def test_any_checkpoint_is_exported_as_a_file_that_keras_reads(run: store.Run, tmp_path: Path) -> None:
    file = serving.exported(run, 1, tmp_path)
    assert file == tmp_path / "exports" / run.id / "1" / "model.keras"
    images = np.random.default_rng(1).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    network = keras.saving.load_model(file, safe_mode=True)
    np.testing.assert_allclose(network(images), serving.predictor(run, 1).scores(images), atol=1e-5)
    assert json.loads((file.parent / export.SIGNATURE).read_text())["details"]["epoch"] == 1


def test_an_export_is_made_once_and_anew_where_the_checkpoint_changed(run: store.Run, tmp_path: Path) -> None:
    file = serving.exported(run, 1, tmp_path)
    written = file.stat().st_mtime_ns
    assert serving.exported(run, 1, tmp_path).stat().st_mtime_ns == written
    manifest = run.checkpoints / checkpoints.MANIFEST
    values = json.loads(manifest.read_text())
    second = values["entries"][1]
    values["entries"][0] = {**second, "epoch": 1}
    manifest.write_text(json.dumps(values))
    assert serving.exported(run, 1, tmp_path).stat().st_mtime_ns > written


def test_the_best_epochs_export_is_the_runs_own(run: store.Run, tmp_path: Path) -> None:
    assert serving.exported(run, None, tmp_path) == run.export / export.MODEL
