"""Curves never run back: after whatever interruption the lines are those of the checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tl_core import store
from tl_core.engine.training import checkpoints, recording
from tl_core.engine.training.checkpoints import Checkpoint
from tl_core.experiment.spec import ExperimentSpec


@pytest.fixture
def run(tmp_path: Path) -> store.Run:
    return store.create(tmp_path, ExperimentSpec())


def line(epoch: int, **more: float) -> dict[str, float]:
    return {"epoch": epoch, "val_loss": 1.0 / epoch, "val_accuracy": 0.5, **more}


def saved(run: store.Run, epochs: int) -> Checkpoint:
    """The checkpoint of the last of so many epochs; metrics.jsonl is left to the test."""
    lines = [line(epoch) | {"phase": "head"} for epoch in range(1, epochs + 1)]
    return checkpoints.save(run.checkpoints, {"model/a": np.zeros(1)}, lines, 1, 5)


def epochs_in(run: store.Run) -> list[int]:
    return [row["epoch"] for row in store.read_metrics(run)]


def test_lines_beyond_the_checkpoint_are_cut_off(run: store.Run) -> None:
    for epoch in (1, 2, 3, 4):
        store.append_metrics(run, line(epoch))
    assert [row["epoch"] for row in recording.taken_up(run, saved(run, 2))] == [1, 2]
    assert epochs_in(run) == [1, 2]


@pytest.mark.parametrize("left", ["", '{"epoch": 1}\n{"epoch": 2, "val_lo', '{"epoch": 7}\n'])
def test_whatever_a_dying_process_or_disk_left_of_the_lines_the_checkpoint_has_them_all(
    run: store.Run, left: str
) -> None:
    (run.folder / "metrics.jsonl").write_text(left)
    recording.taken_up(run, saved(run, 3))
    assert epochs_in(run) == [1, 2, 3]


def test_without_a_checkpoint_the_curve_starts_anew(run: store.Run) -> None:
    store.append_metrics(run, line(1))
    assert recording.taken_up(run, None) == []
    assert epochs_in(run) == []


def test_losses_of_validation_images_are_rows_by_epoch_and_writing_one_again_replaces_it(run: store.Run) -> None:
    for epoch in (1, 2, 3):
        recording.write_losses(run, epoch, np.full(4, epoch))
    recording.write_losses(run, 2, np.full(4, 9.0))
    assert recording.read_losses(run, 4).tolist() == [[1] * 4, [9] * 4]
