"""The effect of each regulariser: `python -m benchmarks.regularisers [--json FILE] [--only NAME ...]` (make regularisers).

A small run that overfits strongly (few images, a fifth of the labels wrong, a hidden layer), then the same with one regulariser. Figures
are those of the last epoch, so that only early stopping itself ends earlier.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.records import unwatched
from tl_core.store import checkpoints

SEEDS = (0, 1, 2)

OVERFITS = {
    "data.source": "playground:images_per_class=150",
    "data.validation_share": 0.5,  # 450 images: one standard error of an accuracy is two points.
    "data.images_per_class": 24,
    "data.label_noise": 0.2,
    "head.hidden": [256],
    "head.dropout": 0.0,
    "head.l2": 0.0,
    "train.epochs": 60,
    "train.learning_rate": 1e-3,
    "stopping.restore_best": False,
}

THAWED = {
    "backbone.freeze": "all-but-1",
    "train.head_epochs": 5,
    "train.epochs": 12,
    "train.backbone_learning_rate": 1e-3,
}

TECHNIQUES: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "dropout .8": {"head.dropout": 0.8},
    "L2 .1": {"head.l2": 0.1},
    "L1 .01": {"head.l1": 0.01},
    "L1 on activity .01": {"head.activity_l1": 0.01},
    "L2 on activity .1": {"head.activity_l2": 0.1},
    "noise on features 2": {"head.noise": 2.0},
    "batch normalisation": {"head.batch_norm": True},
    "label smoothing .5": {"loss.label_smoothing": 0.5},
    "weight decay .2, rate .01 (AdamW)": {
        "optimizer.name": "adamw",
        "optimizer.weight_decay": 0.2,
        "train.learning_rate": 0.01,
    },
    "rate .01 alone": {"train.learning_rate": 0.01},
    "gradient clipping .1": {"optimizer.clip_norm": 0.1},
    "moving average .995": {"optimizer.ema": 0.995},
    "early stopping (patience 5)": {"stopping.rule": "patience", "stopping.restore_best": True},
    "augmentation medium, 8 views": {"augment": "medium", "train.views": 8},
    "MixUp .4, 8 views": {"augment": "mixup:0.4", "train.views": 8},
    "twice the images": {"data.images_per_class": 48},
    "thawed: nothing": {**THAWED},
    "thawed: L2 on thawed layers .01": {**THAWED, "train.backbone_l2": 0.01},
    "thawed: rate / 10": {**THAWED, "train.backbone_learning_rate": 1e-4},
}


@dataclass(frozen=True)
class Outcome:
    """Medians over the seeds.

    Attributes:
        clean, validation: Accuracies in the epoch that counts.
        loss: Validation loss there.
        norm: Euclidean norm of the head's kernels.
        sparsity: The share of the head's weights that are exactly zero.
        epochs: How many were trained.
    """

    name: str
    clean: float
    validation: float
    loss: float
    norm: float
    sparsity: float
    epochs: int


def measure(only: Sequence[str] = ()) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        for name, changes in TECHNIQUES.items():
            if not only or name in only:
                yield _median(
                    name, [_trained(Path(folder), {**OVERFITS, **changes, "train.seed": seed}) for seed in SEEDS]
                )


def _trained(models: Path, settings: Mapping[str, Any]) -> tuple[float, ...]:
    from tl_core.engine.training.lifecycle import train

    run = store.create(models, PRESETS["feature-extraction"].spec(settings))
    state = train(run, models, unwatched)
    assert state.exported_epoch is not None
    records = store.read_epochs(run)
    found = next(record.metrics for record in records if record.epoch == state.exported_epoch)
    kernels = _kernels(run, state.exported_epoch)
    norm = float(np.sqrt(sum(float((kernel**2).sum()) for kernel in kernels)))
    zeros = float(np.mean(np.concatenate([kernel.ravel() == 0 for kernel in kernels])))
    return found["train_eval_accuracy"], found["val_accuracy"], found["val_loss"], norm, zeros, len(records)


def _kernels(run: store.Run, epoch: int) -> list[np.ndarray]:
    """The kernels of the head's dense layers, as the checkpoint of an epoch holds them."""
    entry = next(entry for entry in checkpoints.entries_of(run.checkpoints) if entry.epoch == epoch)
    with np.load(run.checkpoints / entry.file, allow_pickle=False) as archive:
        names = [name for name in archive.files if name.startswith(("model/head_dense", "model/classifier"))]
        return [archive[name] for name in names if name.endswith("kernel")]


def _median(name: str, found: Sequence[tuple[float, ...]]) -> Outcome:
    clean, validation, loss, norm, sparsity, epochs = (statistics.median(column) for column in zip(*found, strict=True))
    return Outcome(name, clean, validation, loss, norm, sparsity, int(epochs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="Write the figures into this file too.")
    parser.add_argument("--only", nargs="*", default=(), help="Names of techniques; all where none is given.")
    given = parser.parse_args()
    print("| with | training, clean | validation | validation loss | norm | zeros | epochs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    found = []
    for row in measure(given.only):
        found.append(asdict(row))
        print(
            f"| {row.name} | {row.clean:.1%} | {row.validation:.1%} | {row.loss:.3f} | {row.norm:.1f} | {row.sparsity:.0%} "
            f"| {row.epochs} |",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
