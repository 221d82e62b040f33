"""Small features that classes can be told apart by, and what the trainer of runs makes of a head on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.conftest import quiet
from tl_core.engine.backend import keras
from tl_core.engine.bank.training import Arrays
from tl_core.engine.inputs.streams import from_features
from tl_core.engine.networks import head
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.engine.training.phase_data import train_eval_positions
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord


def spec_of(**changes: Any) -> ExperimentSpec:
    """A linear head that trains fast; changes are paths with `__` for the dot."""
    values = {
        "head.dropout": 0.0,
        "head.l2": 0.0,
        "train.epochs": 4,
        "train.batch_size": 16,
        "train.learning_rate": 0.01,
    }
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    return PRESETS["feature-extraction"].spec({**values, **changes})


def arrays_of(classes: int = 4, images: int = 150, inputs: int = 24) -> Arrays:
    """Features as a network pools them: none negative, and noisy. 150 is no multiple of a batch."""
    random = np.random.default_rng(classes)
    centres = random.normal(size=(classes, inputs))

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        # Classes of different sizes, so that weights of classes matter.
        labels = np.minimum(random.integers(0, classes + 2, count), classes - 1)
        return np.maximum(centres[labels] + random.normal(size=(count, inputs)), 0).astype(np.float32), labels

    return Arrays(*drawn(images), *drawn(60), classes)


def as_a_run(spec: ExperimentSpec, arrays: Arrays) -> list[EpochRecord]:
    """The records that the trainer of runs leaves for the same head, order and draws."""
    features = keras.Input((1, 1, arrays.train.shape[1]))
    logits = head.attach(features, spec.head, arrays.classes, spec.train.seed)
    tail = keras.Model(keras.Model(features, logits).get_layer(head.POOLING).output, logits)
    clean = train_eval_positions(len(arrays.train_labels), spec.train.seed)
    still = from_features(arrays.validation, np.arange(len(arrays.validation)))
    phase_data = PhaseData(
        Part(from_features(arrays.train, np.arange(len(arrays.train))), arrays.train_labels),
        Part(from_features(arrays.train, clean), arrays.train_labels[clean]),
        Part(still, arrays.validation_labels),
    )
    trainer = Trainer.build(tail, phase_data, resolve(spec).phases[0])
    records: list[EpochRecord] = []
    for epoch in range(1, spec.train.epochs + 1):
        records.append(trainer.epoch(epoch, quiet, records)[0])
    return records
