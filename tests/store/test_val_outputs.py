"""Outputs on validation images: a row an epoch, wherever a run or its file comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.engine.results.reports import cross_entropy, squared_hinge
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store.val_outputs import copy_val_outputs, cut_val_outputs, remove_val_outputs, write_val_outputs

DICE = np.random.default_rng(0)
IMAGES = 7
LABELS = DICE.integers(0, 3, IMAGES)
LOGITS = DICE.normal(size=(4, IMAGES, 3)) * 4


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def write(run: store.Run, *epochs: int) -> None:
    for epoch in epochs:
        write_val_outputs(run, epoch, cross_entropy(LOGITS[epoch - 1], LABELS))


def test_what_was_written_comes_back(run: store.Run) -> None:
    write(run, 1, 2, 3)
    found, expected = store.read_val_outputs(run), [cross_entropy(logits, LABELS) for logits in LOGITS[:3]]
    assert found.epochs == 3
    np.testing.assert_array_equal(found.labels, LABELS)
    np.testing.assert_array_equal(found.predicted, [row.predictions for row in expected])
    np.testing.assert_allclose(found.loss, [row.losses for row in expected], rtol=1e-6)
    of_true = [row.scores[np.arange(IMAGES), LABELS] for row in expected]
    np.testing.assert_allclose(found.true_probability, of_true, rtol=1e-5)
    np.testing.assert_array_equal(found.correct.mean(axis=1), [row.accuracy for row in expected])


def test_two_classes_with_one_unit_have_the_probability_of_the_class_that_is_true(run: store.Run) -> None:
    measured = cross_entropy(LOGITS[0, :, :1], LABELS % 2)
    write_val_outputs(run, 1, measured)
    expected = measured.scores[np.arange(IMAGES), LABELS % 2]
    np.testing.assert_allclose(store.read_val_outputs(run).true_probability[0], expected, rtol=1e-5)


def test_a_linear_svm_has_predictions_and_losses_and_no_probability(run: store.Run) -> None:
    measured = squared_hinge(LOGITS[0], LABELS)
    write_val_outputs(run, 1, measured)
    found = store.read_val_outputs(run)
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
        assert store.read_val_outputs(run).epochs == 1
    write(run, 2)
    assert file.read_bytes() == whole


def test_epochs_that_were_not_written_are_not_known(run: store.Run) -> None:
    write(run, 3)
    found = store.read_val_outputs(run)
    assert found.predicted[:, 0].tolist()[:2] == [-1, -1]
    assert np.isnan(found.loss[:2]).all()
    assert not found.correct[:2].any()


def test_a_run_is_cut_back_to_an_epoch(run: store.Run) -> None:
    cut_val_outputs(run, 3)
    assert store.read_val_outputs(run).epochs == 0
    write(run, 1, 2, 3)
    cut_val_outputs(run, 5)
    assert store.read_val_outputs(run).epochs == 3
    cut_val_outputs(run, 2)
    assert store.read_val_outputs(run).epochs == 2


def test_a_fork_has_its_parents_rows_and_drops_them_where_its_images_are_others(run: store.Run, tmp_path: Path) -> None:
    write(run, 1, 2, 3)
    fork = store.create(tmp_path / "fork", ExperimentSpec())
    copy_val_outputs(run, fork, 2)
    assert store.read_val_outputs(fork).epochs == 2
    write(fork, 3)
    np.testing.assert_array_equal(store.read_val_outputs(fork).loss, store.read_val_outputs(run).loss)
    write_val_outputs(fork, 3, cross_entropy(LOGITS[2], (LABELS + 1) % 3))
    assert np.isnan(store.read_val_outputs(fork).loss[:2]).all()
    remove_val_outputs(fork)
    assert store.read_val_outputs(fork).epochs == 0


@pytest.mark.parametrize("content", [b"", b"tlvalout", b"x" * 200])
def test_a_damaged_file_is_said_to_be(run: store.Run, content: bytes) -> None:
    (run.folder / "val_outputs.bin").write_bytes(content)
    with pytest.raises(BadInput, match=r"val_outputs\.bin"):
        store.read_val_outputs(run)


def test_losses_of_an_earlier_version_stay_as_they_are_until_the_number_of_images_is_known(run: store.Run) -> None:
    losses = np.arange(2 * IMAGES, dtype="<f4").reshape(2, IMAGES)
    (run.folder / "val_losses.f32").write_bytes(losses.tobytes())
    cut_val_outputs(run, 1)
    assert store.read_val_outputs(run).epochs == 0
    store.write_state(run, images={"train": 9, "validation": IMAGES, "test": 0})
    np.testing.assert_array_equal(store.read_val_outputs(run).loss, losses)
    cut_val_outputs(run, 1)
    found = store.read_val_outputs(run)
    np.testing.assert_array_equal(found.loss, losses[:1])
    np.testing.assert_allclose(found.true_probability, np.exp(-losses[:1]), rtol=1e-6)
    assert not (run.folder / "val_losses.f32").exists()
