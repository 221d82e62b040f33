"""Whole runs, small and real: what they leave, what they measure, how they fail."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, low_spec, quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import assemble
from tl_core.engine.results.prediction import Predictor
from tl_core.engine.results.reports import cross_entropy
from tl_core.engine.training import checkpoints, lifecycle
from tl_core.engine.training.epochs import Trainer
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunFailed
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec
from tl_core.metrics import METRICS, TRAIN_EVAL_IMAGES
from tl_core.plan import plan
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage
from tl_core.store.selected import read_selected

pytestmark = pytest.mark.slow

Trained = Callable[[ExperimentSpec], store.Run]

LINE = {"epoch", "phase", "learning_rate", "seconds", "images_per_second", *METRICS.names}

MORE = {"data__images_per_class": 40, "data__image_size": 64}
"""Enough to learn digits from; runs that share it share its features."""


TRAINED = [preset.name for preset in PRESETS if not preset.spec().head.solved]
"""Presets with a curve; classifiers that are solved at once have tests of their own."""


def few_blocks(preset: str) -> dict[str, Any]:
    """Changes that leave a preset all its phases, and the part that it thaws few layers."""
    values = PRESETS[preset].values
    changes: dict[str, Any] = {"data__images_per_class": 6}
    if "train.head_epochs" in values:
        changes["train__head_epochs"] = 1
    if "backbone.freeze" in values:
        changes["backbone__output"] = "block3" if "train.stages" in values else "block2"
    return changes


@pytest.mark.parametrize(
    "preset",
    quick_first([*TRAINED, "from-scratch, whole"], "feature-extraction", "fine-tune"),
)
def test_every_preset_trains_to_its_end_and_leaves_all_it_promises(
    preset: str, trained: Trained, shared_models: Path
) -> None:
    name, _, whole = preset.partition(", ")
    spec = small_spec(name, **({"data__images_per_class": 6} if whole else few_blocks(name)))
    run = trained(spec)
    state, lines = store.read_state(run), read_lines(run)
    assert state.status == store.FINISHED
    assert [line["epoch"] for line in lines] == list(range(1, resolve(spec).epochs + 1))
    for line in lines:
        assert set(line) == LINE
        assert all(math.isfinite(line[name]) for name in ("loss", "train_eval_loss", "val_loss", "penalty"))
    best = min(lines, key=lambda line: line["val_loss"])
    assert (state.best_epoch, state.best_metrics["val_loss"]) == (best["epoch"], best["val_loss"])
    assert store.read_spec(run) == spec
    images = {"val": state.images["validation"], "train_eval": min(state.images["train"], TRAIN_EVAL_IMAGES)}
    for split in store.EVALUATED_SPLITS:
        outputs = store.read_outputs(run, split)
        assert outputs.loss.shape == (len(lines), images[split])
        np.testing.assert_allclose(outputs.loss.mean(axis=1), [line[f"{split}_loss"] for line in lines], rtol=1e-5)
        np.testing.assert_allclose(outputs.correct.mean(axis=1), [line[f"{split}_accuracy"] for line in lines])
        assert len(set(store.read_image_keys(run, split))) == images[split]
    tested, keys = store.read_test_outputs(run), store.read_image_keys(run, "test")
    assert tested is not None
    assert tested.loss.shape == (1, state.images["test"]) == (1, len(set(keys)))
    assert tested.correct.mean() == pytest.approx(state.test_accuracy)
    for part in ("validation", "test"):
        report = json.loads((run.report / f"{part}.json").read_text())
        assert sum(map(sum, report["confusion"])) == state.images[part] == report["images"]
    validation = json.loads((run.report / "validation.json").read_text())
    assert validation["accuracy"] == pytest.approx(best["val_accuracy"])
    assert validation["loss"] == pytest.approx(best["val_loss"], rel=1e-3)


@pytest.mark.long
def test_a_head_trained_on_pretrained_features_learns_digits(trained: Trained) -> None:
    run = trained(small_spec(**MORE, train__epochs=10))
    assert store.read_state(run).best_metrics["val_accuracy"] > 0.8


def test_the_best_epoch_is_exported_also_where_it_was_before_the_backbone_thawed(trained: Trained) -> None:
    """Thawing at an absurd rate wrecks the network; what is exported must be the network of the head's phase."""
    changes = {
        "train__head_epochs": 3,
        "train__epochs": 2,
        "train__backbone_learning_rate": 0.5,
        "backbone__freeze": "all-but-1",
    }
    run = trained(small_spec("fine-tune", **SHALLOW, **changes))
    state, lines = store.read_state(run), read_lines(run)
    assert lines[state.best_epoch - 1]["phase"] == "head"
    report = json.loads((run.report / "validation.json").read_text())
    assert report["loss"] == pytest.approx(state.best_metrics["val_loss"], rel=1e-3)


@pytest.mark.long
def test_label_noise_reaches_training_and_nothing_else(trained: Trained, shared_models: Path) -> None:
    run = trained(small_spec(**MORE, data__label_noise=0.5, train__epochs=8))
    told = json.loads((run.report / "data.json").read_text())
    assert len(told["mislabelled"]) == 200
    last = read_lines(run)[-1]
    assert last["train_eval_accuracy"] < last["val_accuracy"], (
        "half of the training labels are wrong, none of the validation ones"
    )


def test_the_clean_curve_is_what_the_saved_network_says_of_plain_training_images(
    trained: Trained, shared_models: Path
) -> None:
    spec = small_spec(head__dropout=0.8, augment={"rotation": 45}, data__images_per_class=6, data__label_noise=0.2)
    run = trained(spec)
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet)
    newest = checkpoints.latest_whole(run.checkpoints)
    assert newest is not None
    model = assemble(resolve(spec), 10)
    values = checkpoints.load(run.checkpoints, newest)
    kernel, bias = (values[f"model/classifier/{name}"] for name in ("kernel", "bias"))
    model.get_layer("classifier").set_weights([kernel, bias])
    logits = np.asarray(model(data.pixels.images[data.split.train].astype(np.float32), training=False))
    measured, line = cross_entropy(logits, data.split.train_labels), read_lines(run)[-1]
    assert line["train_eval_loss"] == pytest.approx(measured.loss, abs=1e-4)
    assert line["train_eval_accuracy"] == measured.accuracy
    assert abs(line["loss"] - measured.loss) > 0.05, "dropout and rotation must show in the reported loss"
    assert len(data.split.train) < TRAIN_EVAL_IMAGES


def test_the_penalty_is_told_apart_from_the_loss(trained: Trained) -> None:
    plain, penalised = (trained(small_spec(head__l2=l2, head__dropout=0.0)) for l2 in (0.0, 0.1))
    assert [line["penalty"] for line in read_lines(plain)] == [0.0, 0.0]
    first = read_lines(penalised)[0]
    assert first["penalty"] > 0.5
    assert first["loss"] == pytest.approx(read_lines(plain)[0]["loss"], rel=0.5)


@pytest.mark.long
def test_l1_and_l2_shrink_the_weights_of_the_head(trained: Trained) -> None:
    def kernel(**changes: float) -> np.ndarray:
        run = trained(small_spec(train__epochs=6, head__dropout=0.0, train__learning_rate=1e-2, **changes))
        newest = checkpoints.latest_whole(run.checkpoints)
        assert newest is not None
        return checkpoints.load(run.checkpoints, newest)["model/classifier/kernel"]

    plain, l2, l1 = kernel(head__l2=0.0), kernel(head__l2=0.05), kernel(head__l2=0.0, head__l1=0.01)
    assert np.linalg.norm(l2) < 0.7 * np.linalg.norm(plain)
    assert (l1 == 0).mean() > 0.5
    assert (plain == 0).mean() == 0


@pytest.mark.parametrize("classifier", quick_first(SOLVED.names, "random-projection"))
def test_solved_classifiers_train_in_one_epoch_and_report_and_export_like_the_others(
    classifier: str, trained: Trained, shared_models: Path
) -> None:
    spec = small_spec(**MORE, head__classifier=classifier, head__projection_units=512)
    run = trained(spec)
    state, lines = store.read_state(run), read_lines(run)
    assert [line["phase"] for line in lines] == ["solve"]
    assert state.best_metrics["val_accuracy"] > 0.7
    assert state.test_accuracy > 0.7
    assert state.loss_name == ("squared hinge" if classifier == "linear-svm" else "cross-entropy")
    assert bool(read_selected(run)) is ("head.l2" not in SOLVED[classifier].uses)
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet)
    network = keras.saving.load_model(run.export / "model.keras", safe_mode=True)
    scores = np.asarray(network(data.pixels.images[data.split.validation].astype(np.float32)))
    np.testing.assert_array_equal(scores.argmax(axis=1), store.read_outputs(run).predicted[0])
    if not SOLVED[classifier].margins:
        found = scores[np.arange(len(scores)), data.dataset.labels[data.split.validation]]
        assert -np.log(found).mean() == pytest.approx(state.best_metrics["val_loss"], rel=1e-3)


def test_a_run_that_diverges_says_so_in_a_sentence_and_keeps_its_last_good_checkpoint(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_epoch = Trainer._train

    def diverging(
        trainer: Trainer, epoch: int, progress: ProgressCallback, lines: Sequence[EpochRecord]
    ) -> dict[str, float]:
        reported = trained_epoch(trainer, epoch, progress, lines)
        if epoch == 3:  # What an overflow leaves behind.
            trainer.groups[0].variables[0].assign(trainer.groups[0].variables[0] * np.inf)
        return reported

    monkeypatch.setattr(Trainer, "_train", diverging)
    run = store.create(shared_models, low_spec(train__epochs=5))
    with pytest.raises(
        RunFailed,
        match=r"In epoch 3 the training loss \(clean\) was nan: training diverged. Start a new run with a lower train.learning_rate",
    ):
        train(run, shared_models, quiet)
    state = store.read_state(run)
    assert (state.status, state.epoch) == (store.FAILED, 2)
    assert "lower train.learning_rate" in state.message
    assert "Traceback" in run.log.read_text()
    kept = checkpoints.latest_whole(run.checkpoints)
    assert kept is not None
    assert kept.epoch == 2
    assert all(np.isfinite(value).all() for value in checkpoints.load(run.checkpoints, kept).values())
    assert state.exported_epoch == 2, "what was good is exported all the same"
    assert Predictor.of(run.export).signature.details["epoch"] == 2


def test_images_per_second_are_the_images_of_the_steps_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of 33 images in batches of 32 has 16 or 17."""
    run, now = store.create(tmp_path, small_spec()), [0.0]
    store.write_state(run, images={"train": 33, "validation": 5, "test": 5})
    monkeypatch.setattr(lifecycle.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lifecycle.time, "time", lambda: now[0])
    reporting = lifecycle.Reporting(run, quiet)
    for done, at in ((0, 0.0), (1, 1.0), (2, 3.0)):
        now[0] = at
        reporting(Activity(Stage.TRAINING, 1), done, 2)
        progress = store.read_progress(run)
        assert progress is not None
        assert progress.rate == {0: None, 1: 16.5, 2: 8.25}[done]


def test_something_unforeseen_is_told_in_a_sentence_with_the_trace_in_the_log(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tl_core.engine.training import phase_loop

    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("by the test")

    monkeypatch.setattr(phase_loop, "divide", broken)
    run = store.create(shared_models, low_spec())
    with pytest.raises(RunFailed, match="ZeroDivisionError: by the test"):
        train(run, shared_models, quiet)
    assert store.read_state(run).status == store.FAILED
    assert "Traceback" in run.log.read_text()


def test_validation_images_are_never_augmented_nor_trained_on(shared_models: Path) -> None:
    spec = low_spec(augment={"rotation": 90, "brightness": 1.0}, data__images_per_class=6)
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet)
    assert not set(data.split.train) & set(data.split.validation)
    losses = []
    for value in (spec, spec.with_values({"augment": {}})):
        run = store.create(shared_models, value.with_values({"train.learning_rate": 1e-7, "train.epochs": 1}))
        train(run, shared_models, quiet)
        losses.append(store.read_outputs(run).loss[0])
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-4)


@pytest.mark.long
def test_a_class_of_which_no_image_can_be_read_is_left_out_only_if_you_accept_that(
    photos: Callable[..., Path], tmp_path: Path
) -> None:
    root = photos("blue", "red", each=12)
    (root / "broken").mkdir()
    for number in range(5):
        (root / "broken" / f"{number}.jpg").write_text("no picture")
    spec = low_spec(data__source=f"folder:{root}", data__images_per_class=None)
    assert plan(resolve(spec), tmp_path).problems == ()  # Known once the images are decoded.
    run = store.create(tmp_path, spec)
    with pytest.raises(RunFailed, match=r"data\.accept_missing: the class broken is missing: not an image"):
        train(run, tmp_path, quiet)
    assert store.read_state(run).status == store.FAILED
    (problem,) = plan(resolve(spec), tmp_path).problems
    assert (problem.path, problem.remedy) == (
        "data.accept_missing",
        "Repair or remove it, or train without it (data.accept_missing=broken).",
    )

    run = store.create(tmp_path, spec.with_values({"data.accept_missing": "broken"}))
    train(run, tmp_path, quiet)
    told = json.loads((run.report / "data.json").read_text())
    assert told["classes"] == ["blue", "red"]
    assert [row["file"] for row in told["skipped"] if row["kind"] == "no-image"] == ["broken/"]
    assert told["remarks"][0].startswith("The class broken is missing")
    assert Predictor.of(run.export).signature.classes == ("blue", "red")
