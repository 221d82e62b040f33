"""Training from stored features against training that computes everything anew: the same spec and seed, the largest difference of a loss.

Stored features are OpenVINO's, computed anew they are Keras's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.figures import Conditions, Figure
from benchmarks.training import run_ours, spec_of
from tl_core.store import Epochs

SIZE, EPOCHS, EACH = 128, 3, 24
LOSSES = ("loss", "train_eval_loss", "val_loss")
THAWED = {"backbone.freeze": "all-but-1", "train.backbone_learning_rate": 1e-4}


def measure(conditions: Conditions) -> Iterator[Figure]:
    name = "cached against uncached training, largest difference of any loss,"
    note = f"{EPOCHS} epochs at {SIZE} pixels, {EACH} training images a class; losses: {', '.join(LOSSES)}"
    yield Figure(f"{name} all frozen", _compared(conditions, {}), 1e-4, "nats", note=note)
    yield Figure(f"{name} top block thawed", _compared(conditions, THAWED), 1e-3, "nats", note=note)


def _compared(conditions: Conditions, changes: Mapping[str, Any]) -> float:
    curves = []
    for cached in ("auto", "off"):
        settings = {**changes, "data.images_per_class": EACH, "train.feature_cache": cached}
        curves.append(run_ours(spec_of(conditions.photos, SIZE, EPOCHS, **settings), conditions.models).records)
    return difference(*curves)


def difference(one: Epochs, other: Epochs) -> float:
    """The largest difference of two runs' losses, epoch by epoch."""
    values = [np.array([records.column(name) for name in LOSSES]).T for records in (one, other)]
    return float(np.abs(values[0] - values[1]).max())
