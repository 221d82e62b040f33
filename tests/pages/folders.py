"""Runs made of files alone, as their workers leave them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.epoch_lines import append_line, read_lines
from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.files import sha256_of, write_json


def epoch_line(epoch: int, clean: float, validation: float) -> dict[str, Any]:
    """An epoch's line with these accuracies on the clean training images and on the validation images, 0 to 1."""
    figures = {"accuracy": clean, "train_eval_accuracy": clean, "val_accuracy": validation}
    losses = {"loss": 1 - clean, "train_eval_loss": 1 - clean, "val_loss": 1 - validation, "penalty": 0.0}
    return {"epoch": epoch, "phase": "head", **figures, **losses, "seconds": 0.5}


def add_run(
    models: Path,
    title: str = "feature-extraction",
    accuracies: Sequence[tuple[float, float]] = ((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)),
    settings: Mapping[str, Any] | None = None,
    preset: str = "feature-extraction",
    **state: Any,
) -> store.Run:
    """A run with (clean training accuracy, validation accuracy) for each epoch; finished where `state` does not say otherwise.

    Args:
        title: Given by hand; empty for the automatic one.
        settings: What it changes against the preset, by path.
    """
    run = store.create(models, PRESETS[preset].spec(settings), title)
    for epoch, (clean, validation) in enumerate(accuracies, 1):
        append_line(run, epoch_line(epoch, clean, validation))
    store.write_state(run, **{"status": store.FINISHED, "seconds": 12.0, **state})
    return run


def add_checkpoints(run: store.Run, epochs: Sequence[int]) -> None:
    """The files of checkpoints of a run that `add_run` made, each with a weight of its classifier; that of the lowest validation loss is the best."""
    entries = []
    run.checkpoints.mkdir()
    for epoch in epochs:
        file = run.checkpoints / f"{epoch}.npz"
        np.savez(file, **{"model/classifier/kernel": np.full((2, 2), epoch, np.float32)})  # type: ignore[arg-type]
        entry = {"epoch": epoch, "phase": "head", "file": file.name, "bytes": file.stat().st_size}
        entries.append({**entry, "sha256": sha256_of(file)})
    losses = {line["epoch"]: line["val_loss"] for line in read_lines(run)}
    best = min(epochs, key=lambda epoch: losses.get(epoch, 0.0))
    manifest = {"entries": entries, "best_epoch": best, "lines": list(read_lines(run))}
    write_json(run.checkpoints / "manifest.json", manifest)
    write_json(run.report / "data.json", {"classes": ["cat", "dog"]})


def trained_here() -> dict[str, Any]:
    """The state of a run that this very process trains."""
    return {"status": store.RUNNING, **store.this_process()}


def trained_by_the_dead() -> dict[str, Any]:
    """The state of a run whose process is gone."""
    return {"status": store.RUNNING, "pid": os.getpid(), "process_started": 1.0}
