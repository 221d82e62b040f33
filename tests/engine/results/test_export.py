"""An exported network: read by plain Keras in a process that knows nothing of the lab, and refused when damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.damage import DAMAGE
from tests.each import quick_first
from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.data.dataset import ImageDataset
from tl_core.data.pixels import pixels
from tl_core.data.prepare import prepare
from tl_core.data.sources import load_dataset
from tl_core.engine.results import export
from tl_core.engine.results.prediction import Predictor
from tl_core.engine.results.reports import cross_entropy
from tl_core.errors import BadInput, Damaged
from tl_core.experiment.resolve import resolve
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.spec.network import TRAINED
from tl_core.files import sha256_of

pytestmark = pytest.mark.slow

PLAIN_KERAS = textwrap.dedent(
    """
    import json, sys, zipfile
    import keras, numpy as np
    model = keras.saving.load_model(sys.argv[1], safe_mode=True)
    signature = json.loads(zipfile.ZipFile(sys.argv[1]).read("signature.json"))
    images = np.load(sys.argv[2])
    assert "tl_core" not in sys.modules
    print(json.dumps({"outputs": model.predict(images, verbose=0).tolist(), "classes": signature["classes"]}))
    """
)


@pytest.fixture(scope="module")
def run(shared_models: Path) -> store.Run:
    from tl_core.engine.training.lifecycle import train

    made = store.create(shared_models, small_spec(head__hidden=[16], train__epochs=4))
    train(made, shared_models, quiet)
    return made


def validation_images(run: store.Run, models: Path) -> tuple[np.ndarray, np.ndarray]:
    spec = store.read_spec(run)
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(models), quiet)
    return data.pixels.images[data.split.validation], data.dataset.labels[data.split.validation]


def test_a_process_with_keras_alone_predicts_what_the_lab_measured(
    run: store.Run, shared_models: Path, tmp_path: Path
) -> None:
    images, labels = validation_images(run, shared_models)
    np.save(tmp_path / "images.npy", images)
    arguments = [sys.executable, "-c", PLAIN_KERAS, str(run.export / export.MODEL), str(tmp_path / "images.npy")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    outputs = np.array(answer["outputs"])
    assert answer["classes"] == [str(digit) for digit in range(10)]
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)
    state = store.read_state(run)
    assert (outputs.argmax(axis=1) == labels).mean() == pytest.approx(state.best_metrics["val_accuracy"])
    loss = -np.log(outputs[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(state.best_metrics["val_loss"], rel=1e-3)


def test_evaluating_the_export_gives_the_figures_of_the_reports(run: store.Run, shared_models: Path) -> None:
    predictor = Predictor.of(run.export)
    images, labels = validation_images(run, shared_models)
    accuracy = (predictor.scores(images).argmax(axis=1) == labels).mean()
    assert accuracy == pytest.approx(json.loads((run.report / "validation.json").read_text())["accuracy"])


def test_evaluate_measures_the_loss_the_report_measured_however_sure_the_network_is(
    run: store.Run, tmp_path: Path
) -> None:
    model, signature = export.load(run.export)
    kernel, bias = model.get_layer("classifier").get_weights()
    model.get_layer("classifier").set_weights([kernel * 100, bias])
    dataset = load_dataset("digits")
    few = replace(dataset, items=dataset.items[:60])
    measured, read = Predictor(model, signature).evaluate(few, tmp_path, quiet)
    logits = np.asarray(export.without_activation(model)(_pixels_of(few, tmp_path), training=False))
    np.testing.assert_allclose(measured.losses, cross_entropy(logits, read.labels).losses, rtol=1e-3)
    assert measured.losses.max() > 28, "probabilities in float32 could not tell such a loss"


def test_evaluating_pictures_none_of_which_can_be_read_says_so(run: store.Run, tmp_path: Path) -> None:
    for label in ("0", "1"):
        (tmp_path / "bad" / label).mkdir(parents=True)
        (tmp_path / "bad" / label / "x.jpg").write_text("no picture")
    with pytest.raises(BadInput, match="could be read"):
        Predictor.of(run.export).evaluate(load_dataset(f"folder:{tmp_path / 'bad'}"), tmp_path, quiet)


def test_a_network_with_decomposed_class_names_is_evaluated_on_folders_with_composed_ones(
    run: store.Run, tmp_path: Path
) -> None:
    model, signature = export.load(run.export)
    decomposed = tuple(f"e\u0301{name}" for name in signature.classes)
    dataset = load_dataset("digits")
    few = replace(dataset, items=dataset.items[:20], class_names=tuple(f"\u00e9{name}" for name in dataset.class_names))
    predictor = Predictor(model, replace(signature, classes=decomposed))
    measured, _ = predictor.evaluate(few, tmp_path, quiet)
    expected, _ = Predictor(model, signature).evaluate(replace(dataset, items=few.items), tmp_path, quiet)
    assert np.array_equal(measured.losses, expected.losses)


def test_16_bit_images_are_read_for_prediction_in_the_range_the_network_was_trained_in(
    run: store.Run, tmp_path: Path
) -> None:
    model, signature = export.load(run.export)
    levels = np.random.default_rng(0).integers(0, 256, (32, 32))
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "8.png")
    Image.fromarray(np.round(levels * 4095 / 255).astype(np.uint16)).save(tmp_path / "12.png")
    made, _ = Predictor(model, replace(signature, grey_range="12-bit")).files([tmp_path / "8.png", tmp_path / "12.png"])
    assert dict(made[0].scores) == pytest.approx(dict(made[1].scores), abs=1e-6)


def _pixels_of(dataset: ImageDataset, cache: Path) -> np.ndarray:
    return pixels(dataset, 32, cache, quiet).images.astype(np.float32)


def test_the_signature_lies_inside_the_file_and_beside_it(run: store.Run) -> None:
    beside = json.loads((run.export / export.SIGNATURE).read_text())
    inside = json.loads(zipfile.ZipFile(run.export / export.MODEL).read(export.SIGNATURE))
    assert beside.pop("sha256")
    assert beside == inside
    assert inside["image_size"] == 32
    assert inside["pixel_range"] == [0, 255]
    assert inside["details"]["run"] == run.id
    assert inside["details"]["epoch"] == store.read_state(run).best_epoch


def test_files_are_classified_and_unreadable_ones_named(run: store.Run, tmp_path: Path) -> None:
    picture, text = tmp_path / "two.png", tmp_path / "photo.jpg"
    Image.new("RGB", (50, 40), "white").save(picture)
    text.write_text("not a photo")
    (tmp_path / "empty.png").touch()
    predictions, skipped = Predictor.of(run.export).files([text, picture, tmp_path / "empty.png"], most=3)
    assert [prediction.name for prediction in predictions] == [str(picture)]
    scores = [score for _, score in predictions[0].scores]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert {Path(item.key).name: item.reason for item in skipped}.keys() == {"photo.jpg", "empty.png"}


def test_a_changed_file_is_refused(run: store.Run, tmp_path: Path) -> None:
    for name in (export.MODEL, export.SIGNATURE):
        (tmp_path / name).write_bytes((run.export / name).read_bytes())
    content = bytearray((tmp_path / export.MODEL).read_bytes())
    content[len(content) // 2] ^= 4
    (tmp_path / export.MODEL).write_bytes(bytes(content))
    with pytest.raises(BadInput, match="damaged"):
        Predictor.of(tmp_path)


@pytest.fixture
def copied(run: store.Run, tmp_path: Path) -> Path:
    """A copy of the run's export folder."""
    return Path(shutil.copytree(run.export, tmp_path / "export"))


def changed(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "two classes swapped": lambda values: values["classes"].insert(0, values["classes"].pop(1)),
    "another image size": lambda values: values.update(image_size=64),
    "another output": lambda values: values.update(output="margins"),
    "another epoch": lambda values: values["details"].update(epoch=99),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_signature_is_refused(copied: Path, change: Callable[[dict[str, Any]], object]) -> None:
    assert export.read_signature(copied)
    changed(copied / export.SIGNATURE, change)
    with pytest.raises(Damaged, match=r"signature\.json"):
        export.read_signature(copied)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", [export.SIGNATURE, export.MODEL])
def test_a_damaged_export_is_named(copied: Path, name: str, damage: str) -> None:
    DAMAGE[damage](copied / name)
    with pytest.raises(Damaged, match=name):
        export.read_signature(copied)


def test_an_export_of_an_earlier_version_is_read_and_known_not_to_be_vouched_for(copied: Path) -> None:
    assert export.is_sealed(copied)
    before = export.read_signature(copied)
    without = copied / "without.keras"
    with zipfile.ZipFile(copied / export.MODEL) as old, zipfile.ZipFile(without, "w") as new:
        for name in set(old.namelist()) - {export.SIGNATURE}:
            new.writestr(name, old.read(name))
    without.replace(copied / export.MODEL)
    changed(copied / export.SIGNATURE, lambda values: values.update(sha256=sha256_of(copied / export.MODEL)))
    assert not export.is_sealed(copied)
    assert export.load(copied)[1] == before


def test_a_run_without_an_export_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="on request"):
        Predictor.of(tmp_path / "nothing")


def test_data_with_classes_the_network_does_not_know_is_refused(run: store.Run, shared_models: Path) -> None:
    toys = load_dataset("playground:classes=2,images_per_class=4")
    with pytest.raises(BadInput, match="unknown to the network"):
        Predictor.of(run.export).evaluate(toys, store.cache_folder(shared_models), quiet)


@pytest.mark.parametrize("classifier", quick_first([*TRAINED, *SOLVED.names], "auto"))
def test_two_classes_are_told_apart_by_every_kind_of_classifier(
    classifier: str, trained: Callable[[ExperimentSpec], store.Run], shared_models: Path
) -> None:
    spec = ExperimentSpec().with_values(
        {
            "data.source": "playground:classes=2,images_per_class=40,difficulty=0",
            "data.image_size": 64,
            "head.classifier": classifier,
            "head.l2": 1e-3,
        }
    )
    run = trained(spec)
    predictor = Predictor.of(run.export)
    expected = {"auto": "sigmoid", "linear-svm": "margins"}.get(classifier, "softmax")
    assert predictor.signature.output == expected
    images, labels = validation_images(run, shared_models)
    scores = predictor.scores(images)
    assert scores.shape == (len(labels), 2)
    state = store.read_state(run)
    assert (scores.argmax(axis=1) == labels).mean() == pytest.approx(state.best_metrics["val_accuracy"])
    assert state.best_metrics["val_accuracy"] > 0.85
    assert state.test_accuracy is not None
