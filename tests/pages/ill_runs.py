"""Runs that overfit, made of files alone: curves, and outputs on each image, of which some turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line
from tl_core import store
from tl_core.data.sources import load_dataset
from tl_core.files import sealed, write_json
from tl_core.metrics import Measured
from tl_core.store import EvaluatedSplit
from tl_core.store.image_keys import write_image_keys
from tl_core.store.outputs import write_outputs

EPOCHS, IMAGES = 30, 300
EVEN = 0.69
"""The loss of an image at which two classes are equally likely."""

PLAYGROUND = "playground:classes=2,images_per_class=200"


def losses(epoch: int) -> dict[EvaluatedSplit, np.ndarray]:
    """Of training images, which are learned; of validation images, of which the first tenth turn in epoch 8. Shape (IMAGES,) each."""
    dice = np.random.default_rng(3)
    level, turned = dice.uniform(0.1, 0.3, IMAGES), np.arange(IMAGES) < IMAGES // 10
    validation = level + 1.2 * np.exp(-epoch / 3) + np.where(turned, 0.25 * max(0, epoch - 8), 0)
    training = 1.4 * np.exp(-epoch / 4) * level
    noise = np.random.default_rng([epoch, 5]).normal(0, 0.02, (2, IMAGES))
    return {"val": np.abs(validation + noise[0]), "train_eval": np.abs(training + noise[1]) + 1e-4}


def overfitted(
    models: Path, source: str = PLAYGROUND, epochs: int = EPOCHS, outputs: bool = True, **state: Any
) -> store.Run:
    """A run that overfits; outputs: whether it has any, unlike those of early versions."""
    counts = {"train": IMAGES, "validation": IMAGES, "test": 0}
    settings = {"data.source": source, "train.epochs": 40}
    run = add_run(models, "ill", (), settings, images=counts, classes=2, **state)
    for epoch in range(1, epochs + 1):
        add_epoch(run, epoch, outputs)
    return run


def add_epoch(run: store.Run, epoch: int, outputs: bool = True) -> None:
    """Another epoch, as training leaves it."""
    found, labels = losses(epoch), np.arange(IMAGES) % 2
    line = epoch_line(epoch, float((found["train_eval"] < EVEN).mean()), float((found["val"] < EVEN).mean()))
    means = {f"{split}_loss": float(loss.mean()) for split, loss in found.items()}
    if outputs:
        write_outputs(run, epoch, {split: measured(loss, labels) for split, loss in found.items()})
    append_line(run, {**line, **means, "loss": means["train_eval_loss"]})


def measured(loss: np.ndarray, labels: np.ndarray) -> Measured:
    return Measured(np.zeros((len(loss), 2)), loss, np.where(loss < EVEN, labels, 1 - labels), labels)


def keyed(run: store.Run, source: str) -> list[str]:
    """Names the images of a run."""
    keys = [item.key for item in load_dataset(source).items][:IMAGES]
    write_image_keys(run, {"val": keys, "train_eval": keys})
    values = {"classes": ["bird", "c<a>t"], "images": {part: [1, 1] for part in ("train", "validation", "test")}}
    write_json(run.report / "data.json", sealed({**values, "skipped": [], "mislabelled": []}))
    return keys
