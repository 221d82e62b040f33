"""The lines and losses a run leaves, epoch by epoch."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from tl_core.engine.training import checkpoints
from tl_core.engine.training.checkpoints import Checkpoint
from tl_core.files import write_bytes
from tl_core.store import Run, append_metrics
from tl_core.store.fork_start import inherited

append = append_metrics


def taken_up(run: Run, latest: Checkpoint | None) -> list[dict[str, Any]]:
    """The lines up to a checkpoint, with the run's files made to say the same.

    A process may have died between a checkpoint and its line, or after lines whose checkpoint is damaged: the checkpoint
    decides, so that a resumed curve neither runs back nor lacks an epoch. The file of a fork begins with its parent's lines; they are
    not returned, since a fork keeps no checkpoint of theirs.
    """
    lines = checkpoints.lines_of(run.checkpoints, latest.epoch) if latest else []
    text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in (*inherited(run), *lines))
    write_bytes(run.folder / "metrics.jsonl", text.encode())
    return lines


def best_figures(line: dict[str, Any]) -> dict[str, Any]:
    """What a run's state says of its best epoch."""
    return {"best_epoch": line["epoch"], "val_loss": line["val_loss"], "val_accuracy": line["val_accuracy"]}


def write_losses(run: Run, epoch: int, losses: np.ndarray) -> None:
    """Puts the loss of each validation image in the row of its epoch; writing a row again replaces it. Rows nobody wrote are NaN."""
    file = run.folder / "val_losses.f32"
    row = losses.astype("<f4").tobytes()
    with file.open("r+b" if file.exists() else "w+b") as opened:
        written = opened.seek(0, os.SEEK_END) // len(row)
        opened.write(np.full((max(0, epoch - 1 - written), len(losses)), np.nan, "<f4").tobytes())
        opened.seek((epoch - 1) * len(row))
        opened.write(row)
        opened.truncate()


def read_losses(run: Run, images: int) -> np.ndarray:
    """The loss of each validation image after each epoch: float32, shape (epochs, images)."""
    return np.fromfile(run.folder / "val_losses.f32", "<f4").reshape(-1, images)
