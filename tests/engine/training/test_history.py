"""Curves never run back: after whatever interruption the lines are those of the checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.engine.training import history
from tl_core.engine.training.checkpoints import Checkpoint
from tl_core.errors import RunFailed
from tl_core.spec import ExperimentSpec


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def line(epoch: int, **more: float) -> dict[str, float]:
    return {"epoch": epoch, "val_loss": 1.0 / epoch, "val_accuracy": 0.5, **more}


def checkpoint(epoch: int) -> Checkpoint:
    return Checkpoint(epoch, "head", "x", "x", 0, line(epoch))


def test_lines_beyond_the_checkpoint_are_cut_off(run: store.Run) -> None:
    for epoch in (1, 2, 3, 4):
        history.append(run, line(epoch))
    assert [row["epoch"] for row in history.truncated(run, checkpoint(2))] == [1, 2]
    assert [row["epoch"] for row in store.read_metrics(run)] == [1, 2]


def test_a_line_the_process_did_not_live_to_write_comes_from_the_checkpoint(run: store.Run) -> None:
    history.append(run, line(1))
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "val_lo')
    assert history.truncated(run, checkpoint(2)) == [line(1), line(2)]


def test_without_a_checkpoint_the_curve_starts_anew(run: store.Run) -> None:
    history.append(run, line(1))
    assert history.truncated(run, None) == []
    assert store.read_metrics(run) == []


def test_missing_epochs_are_an_error_rather_than_a_gap(run: store.Run) -> None:
    history.append(run, line(1))
    with pytest.raises(RunFailed, match="lacks epochs"):
        history.truncated(run, checkpoint(4))


def test_losses_of_validation_images_are_rows_by_epoch_and_writing_one_again_replaces_it(run: store.Run) -> None:
    for epoch in (1, 2, 3):
        history.write_losses(run, epoch, np.full(4, epoch))
    history.write_losses(run, 2, np.full(4, 9.0))
    assert history.read_losses(run, 4).tolist() == [[1] * 4, [9] * 4]


def test_best_is_the_lowest_loss_or_the_highest_accuracy_and_of_equals_the_first() -> None:
    lines = [line(1, val_accuracy=0.7), line(2, val_accuracy=0.9), line(3, val_accuracy=0.9)]
    assert history.best_of(lines, "val_loss")["epoch"] == 3
    assert history.best_of(lines, "val_accuracy")["epoch"] == 2
