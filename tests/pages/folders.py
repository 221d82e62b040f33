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
from tl_core.metrics import Measured
from tl_core.store.image_keys import write_image_keys
from tl_core.store.outputs import write_outputs
from tl_core.store.tested_outputs import write_test_outputs


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


def add_outputs(
    run: store.Run,
    correct: np.ndarray,
    loss: np.ndarray | None = None,
    split: store.OutputSplit = "val",
    key: str = "a/{}.jpg",
) -> None:
    """The outputs of a run's epochs on as many images, keyed a/0.jpg, a/1.jpg and so on; those on test images have one epoch.

    Args:
        correct: Bool, shape (epochs, images).
        loss: Of the same shape; without one 0.1 where correct, otherwise 2.
    """
    loss = np.where(correct, 0.1, 2.0) if loss is None else loss
    labels = np.arange(correct.shape[1]) % 3
    keys: dict[store.OutputSplit, list[str]] = {"val": [], "train_eval": []}
    known = {of: list(store.read_image_keys(run, of)) for of in keys}
    write_image_keys(run, {**keys, **known, split: [key.format(image) for image in range(correct.shape[1])]})
    for epoch, (right, losses) in enumerate(zip(correct, loss, strict=True), 1):
        measured = Measured(np.eye(3)[labels], losses, np.where(right, labels, (labels + 1) % 3), labels)
        if split == "test":
            write_test_outputs(run, measured)
        else:
            write_outputs(run, epoch, {split: measured})


def add_measured(
    models: Path,
    title: str,
    correct: np.ndarray,
    settings: Mapping[str, Any] | None = None,
    key: str = "a/{}.jpg",
    **state: Any,
) -> store.Run:
    """A run of one epoch with these outputs on validation images: bool, shape (images,)."""
    accuracy = float(correct.mean())
    run = add_run(models, title, ((accuracy, accuracy),), settings, images={"validation": len(correct)}, **state)
    add_outputs(run, correct[None], key=key)
    return run


def trained_here() -> dict[str, Any]:
    """The state of a run that this very process trains."""
    return {"status": store.RUNNING, **store.this_process()}


def trained_by_the_dead() -> dict[str, Any]:
    """The state of a run whose process is gone."""
    return {"status": store.RUNNING, "pid": os.getpid(), "process_started": 1.0}
