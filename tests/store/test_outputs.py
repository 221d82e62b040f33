"""Outputs on images: a row an epoch, wherever a run or its file comes from; and which images they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.engine.results.reports import cross_entropy, squared_hinge
from tl_core.engine.training.pipeline import discard_export
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import outputs
from tl_core.store.image_keys import copy_image_keys, write_image_keys
from tl_core.store.outputs import copy_outputs, cut_outputs, remove_outputs, write_outputs
from tl_core.store.tested_outputs import write_test_outputs

DICE = np.random.default_rng(0)
IMAGES = 7
LABELS = DICE.integers(0, 3, IMAGES)
LOGITS = DICE.normal(size=(4, IMAGES, 3)) * 4


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def write(run: store.Run, *epochs: int) -> None:
    for epoch in epochs:
        write_outputs(run, epoch, {"val": cross_entropy(LOGITS[epoch - 1], LABELS)})


def test_what_was_written_comes_back(run: store.Run) -> None:
    write(run, 1, 2, 3)
    found, expected = store.read_outputs(run), [cross_entropy(logits, LABELS) for logits in LOGITS[:3]]
    assert found.epochs == 3
    np.testing.assert_array_equal(found.labels, LABELS)
    np.testing.assert_array_equal(found.predicted, [row.predictions for row in expected])
    np.testing.assert_allclose(found.loss, [row.losses for row in expected], rtol=1e-6)
    of_true = [row.scores[np.arange(IMAGES), LABELS] for row in expected]
    np.testing.assert_allclose(found.true_probability, of_true, rtol=1e-5)
    np.testing.assert_array_equal(found.correct.mean(axis=1), [row.accuracy for row in expected])


def test_two_classes_with_one_unit_have_the_probability_of_the_class_that_is_true(run: store.Run) -> None:
    measured = cross_entropy(LOGITS[0, :, :1], LABELS % 2)
    write_outputs(run, 1, {"val": measured})
    expected = measured.scores[np.arange(IMAGES), LABELS % 2]
    np.testing.assert_allclose(store.read_outputs(run).true_probability[0], expected, rtol=1e-5)


def test_a_linear_svm_has_predictions_and_losses_and_no_probability(run: store.Run) -> None:
    measured = squared_hinge(LOGITS[0], LABELS)
    write_outputs(run, 1, {"val": measured})
    found = store.read_outputs(run)
    assert np.isnan(found.true_probability).all()
    np.testing.assert_array_equal(found.predicted[0], measured.predictions)
    np.testing.assert_allclose(found.loss[0], measured.losses, rtol=1e-6)


def test_writing_an_epoch_again_replaces_it_and_what_came_after(run: store.Run, tmp_path: Path) -> None:
    write(run, 1, 2, 3)
    write(run, 2)
    other = store.create(tmp_path / "other", ExperimentSpec())
    write(other, 1, 2)
    assert (run.folder / "val_outputs.bin").read_bytes() == (other.folder / "val_outputs.bin").read_bytes()


def test_half_a_row_is_not_read_and_gives_way_to_a_whole_one(run: store.Run) -> None:
    write(run, 1, 2)
    file = run.folder / "val_outputs.bin"
    whole = file.read_bytes()
    for left in range(1, 6 * IMAGES):
        file.write_bytes(whole[:-left])
        assert store.read_outputs(run).epochs == 1
    write(run, 2)
    assert file.read_bytes() == whole


def test_epochs_that_were_not_written_are_not_known(run: store.Run) -> None:
    write(run, 3)
    found = store.read_outputs(run)
    assert found.predicted[:, 0].tolist()[:2] == [-1, -1]
    assert np.isnan(found.loss[:2]).all()
    assert not found.correct[:2].any()


def test_a_run_is_cut_back_to_an_epoch(run: store.Run) -> None:
    cut_outputs(run, 3)
    assert store.read_outputs(run).epochs == 0
    write(run, 1, 2, 3)
    cut_outputs(run, 5)
    assert store.read_outputs(run).epochs == 3
    cut_outputs(run, 2)
    assert store.read_outputs(run).epochs == 2


def test_a_fork_has_its_parents_rows_and_drops_them_where_its_images_are_others(run: store.Run, tmp_path: Path) -> None:
    write(run, 1, 2, 3)
    fork = store.create(tmp_path / "fork", ExperimentSpec())
    copy_outputs(run, fork, 2)
    assert store.read_outputs(fork).epochs == 2
    write(fork, 3)
    np.testing.assert_array_equal(store.read_outputs(fork).loss, store.read_outputs(run).loss)
    write_outputs(fork, 3, {"val": cross_entropy(LOGITS[2], (LABELS + 1) % 3)})
    assert np.isnan(store.read_outputs(fork).loss[:2]).all()
    remove_outputs(fork)
    assert store.read_outputs(fork).epochs == 0


@pytest.mark.parametrize("content", [b"", b"tlvalout", b"x" * 200])
def test_a_damaged_file_is_said_to_be(run: store.Run, content: bytes) -> None:
    (run.folder / "val_outputs.bin").write_bytes(content)
    with pytest.raises(BadInput, match=r"val_outputs\.bin"):
        store.read_outputs(run)


def test_losses_of_an_earlier_version_stay_as_they_are_until_the_number_of_images_is_known(run: store.Run) -> None:
    losses = np.arange(2 * IMAGES, dtype="<f4").reshape(2, IMAGES)
    (run.folder / "val_losses.f32").write_bytes(losses.tobytes())
    cut_outputs(run, 1)
    assert store.read_outputs(run).epochs == 0
    store.write_state(run, images={"train": 9, "validation": IMAGES, "test": 0})
    np.testing.assert_array_equal(store.read_outputs(run).loss, losses)
    cut_outputs(run, 1)
    found = store.read_outputs(run)
    np.testing.assert_array_equal(found.loss, losses[:1])
    np.testing.assert_allclose(found.true_probability, np.exp(-losses[:1]), rtol=1e-6)
    assert not (run.folder / "val_losses.f32").exists()


def test_each_split_has_outputs_of_its_own(run: store.Run) -> None:
    of_training = cross_entropy(LOGITS[1, :3], LABELS[:3])
    write_outputs(run, 1, {"val": cross_entropy(LOGITS[0], LABELS), "train_eval": of_training})
    found = store.read_outputs(run, "train_eval")
    np.testing.assert_allclose(found.loss[0], of_training.losses, rtol=1e-6)
    assert store.read_outputs(run).images == IMAGES
    cut_outputs(run, 0)
    assert [store.read_outputs(run, split).epochs for split in store.EVALUATED_SPLITS] == [0, 0]


def test_a_new_file_is_synced_whole_and_later_only_rows_on_validation_images(
    run: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(outputs.os, "fsync", synced.append)
    for epoch in (1, 2, 3):
        write_outputs(run, epoch, dict.fromkeys(store.EVALUATED_SPLITS, cross_entropy(LOGITS[epoch - 1], LABELS)))
    assert len(synced) == 2 + 1 + 1


def test_a_file_of_one_split_in_the_place_of_the_other_is_said_to_be_damaged(run: store.Run) -> None:
    write(run, 1)
    (run.folder / "val_outputs.bin").rename(run.folder / "train_eval_outputs.bin")
    with pytest.raises(BadInput, match=r"train_eval_outputs\.bin"):
        store.read_outputs(run, "train_eval")


def test_a_run_of_an_earlier_version_has_no_outputs_on_training_images_and_no_keys(run: store.Run) -> None:
    write(run, 1, 2)
    found = store.read_outputs(run, "train_eval")
    assert (found.epochs, found.images, found.correct.shape) == (0, 0, (0, 0))
    assert store.read_image_keys(run, "val") == ()


def test_a_reader_has_what_a_whole_reading_has_however_the_run_goes_on(run: store.Run) -> None:
    reader = store.OutputsReader(run)
    before = reader.read()
    assert before.epochs == 0
    for step in (lambda: write(run, 1), lambda: write(run, 2, 3), lambda: write(run, 2), lambda: cut_outputs(run, 1)):
        step()
        found, expected = reader.read(), store.read_outputs(run)
        for name in ("labels", "predicted", "true_probability", "loss"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
        assert reader.read() is found, "nothing is new"
    write_outputs(run, 2, {"val": cross_entropy(LOGITS[0, :3], LABELS[:3])})
    np.testing.assert_array_equal(reader.read().loss, store.read_outputs(run).loss)


def test_what_a_reader_gave_out_stays_as_it_was(run: store.Run) -> None:
    write(run, 1, 2)
    reader = store.OutputsReader(run)
    first = reader.read()
    kept = first.loss.copy()
    write(run, 3)
    assert reader.read().epochs == 3
    cut_outputs(run, 1)
    write_outputs(run, 2, {"val": cross_entropy(LOGITS[3], LABELS)})
    assert reader.read().epochs == 2
    np.testing.assert_array_equal(first.loss, kept)


def test_a_new_epoch_is_read_without_those_before(run: store.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(run, 1, 2, 3, 4)
    reader, made = store.OutputsReader(run), []
    reader.read()
    real = outputs._outputs
    monkeypatch.setattr(outputs, "_outputs", lambda *of: made.append(len(of[3])) or real(*of))
    write_outputs(run, 5, {"val": cross_entropy(LOGITS[0], LABELS)})
    assert reader.read().epochs == 5
    assert made == [1]


KEYS = {"val": ["a/1.jpg", "b/2.jpg"], "train_eval": ["a/3.jpg"]}


def test_a_fork_keeps_outputs_on_the_images_it_shares_with_its_parent(run: store.Run, tmp_path: Path) -> None:
    """The labels are the same: only the keys say that columns are other images."""
    measured = cross_entropy(LOGITS[0], LABELS)
    write_outputs(run, 1, {"val": measured, "train_eval": measured})
    write_image_keys(run, KEYS)
    assert store.read_image_keys(run, "val") == ("a/1.jpg", "b/2.jpg")
    fork = store.create(tmp_path / "fork", ExperimentSpec())
    copy_outputs(run, fork, 1)
    copy_image_keys(run, fork)
    write_image_keys(fork, KEYS)
    assert [store.read_outputs(fork, split).epochs for split in store.EVALUATED_SPLITS] == [1, 1]
    write_image_keys(fork, {**KEYS, "train_eval": ["a/4.jpg"]})
    assert [store.read_outputs(fork, split).epochs for split in store.EVALUATED_SPLITS] == [1, 0]
    assert store.read_image_keys(fork, "train_eval") == ("a/4.jpg",)
    assert store.read_outputs(run, "train_eval").epochs == 1


def test_outputs_on_test_images_are_those_of_one_network_and_go_with_its_export(run: store.Run) -> None:
    assert store.read_test_outputs(run) is None
    for epoch in (0, 1):
        write_test_outputs(run, cross_entropy(LOGITS[epoch], LABELS))
    found, expected = store.read_test_outputs(run), cross_entropy(LOGITS[1], LABELS)
    assert found is not None and found.epochs == 1
    np.testing.assert_array_equal(found.predicted[0], expected.predictions)
    np.testing.assert_allclose(found.loss[0], expected.losses, rtol=1e-6)
    discard_export(run)
    assert store.read_test_outputs(run) is None


def test_keys_of_test_images_are_added_to_those_of_a_run_of_an_earlier_version(run: store.Run) -> None:
    write(run, 1)
    write_image_keys(run, KEYS)
    assert store.read_image_keys(run, "test") == ()
    write_image_keys(run, {**KEYS, "test": ["a/9.jpg"]})
    assert store.read_image_keys(run, "test") == ("a/9.jpg",)
    assert store.read_outputs(run).epochs == 1
