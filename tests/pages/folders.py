"""Runs made of files alone, as their workers leave them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tl_core import store
from tl_core.presets import PRESETS


def epoch_line(epoch: int, clean: float, validation: float) -> dict[str, Any]:
    """An epoch's line with these accuracies on the clean training images and on the validation images, 0 to 1."""
    figures = {"accuracy": clean, "clean_accuracy": clean, "val_accuracy": validation}
    losses = {"loss": 1 - clean, "clean_loss": 1 - clean, "val_loss": 1 - validation, "penalty": 0.0}
    return {"epoch": epoch, "phase": "head", **figures, **losses, "seconds": 0.5}


def add_run(
    models: Path,
    title: str = "feature-extraction",
    accuracies: Sequence[tuple[float, float]] = ((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)),
    **state: Any,
) -> store.Run:
    """A run with (clean training accuracy, validation accuracy) for each epoch; finished where `state` does not say otherwise."""
    run = store.create(models, PRESETS["feature-extraction"].spec(), title)
    for epoch, (clean, validation) in enumerate(accuracies, 1):
        store.append_metrics(run, epoch_line(epoch, clean, validation))
    store.write_state(run, **{"status": store.FINISHED, "seconds": 12.0, **state})
    return run


def trained_here() -> dict[str, Any]:
    """The state of a run that this very process trains."""
    return {"status": store.RUNNING, **store.this_process()}


def trained_by_the_dead() -> dict[str, Any]:
    """The state of a run whose process is gone."""
    return {"status": store.RUNNING, "pid": os.getpid(), "process_started": 1.0}
