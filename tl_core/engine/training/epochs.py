"""Epochs: the loop of a phase, and the line each epoch leaves.

A line holds three pairs of curves, each measured as its name says:
loss, accuracy              reported: in training mode, on augmented images, averaged while the weights move
clean_loss, clean_accuracy  the network as it is after the epoch, in inference mode, on a fixed part of the training images (1,000 at most), not
                            augmented, against the labels training was given (with label noise, wrong ones too)
val_loss, val_accuracy      the same on the validation images
Only the second and third compare like with like. No loss includes the L1/L2 penalty; that is `penalty`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core.cache import Progress, unwatched
from tl_core.engine.backend import keras
from tl_core.engine.inputs.streams import Inputs, in_batches
from tl_core.engine.networks.assembly import is_head
from tl_core.engine.results.measures import Measured, cross_entropy, reading
from tl_core.engine.seeds import generator_of, reseed
from tl_core.engine.step import Group, StepResult, forward_pass, training_step
from tl_core.errors import RunFailed
from tl_core.phases import Phase

EVALUATION_BATCH = 32


class Diverged(RunFailed):
    """A loss is no number any more; the epochs before are good."""


@dataclass(frozen=True)
class Part:
    """Images with their labels, as a tail reads them. labels: int64, shape (images,)."""

    inputs: Inputs
    labels: np.ndarray


@dataclass(frozen=True)
class Material:
    """What a phase learns from and is measured on. `clean` is a fixed part of the training images, never augmented."""

    train: Part
    clean: Part
    validation: Part


def groups_of(tail: keras.Model, phase: Phase) -> list[Group]:
    """The weights that train in a phase, by learning rate, each group with an Adam of its own (Kingma & Ba 2015)."""
    head = [v for layer in tail.layers if is_head(layer) for v in layer.trainable_variables]
    backbone = [v for layer in tail.layers if not is_head(layer) for v in layer.trainable_variables]
    groups = [_group("head", head, phase.head_rate)]
    if phase.backbone_rate is not None:
        groups.append(_group("backbone", backbone, phase.backbone_rate))
    return groups


def _group(name: str, variables: list[Any], rate: float) -> Group:
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(variables)
    return Group(name, optimizer, variables)


@dataclass(frozen=True)
class Trainer:
    """A phase made ready: `epoch` trains one and returns its line and the loss of each validation image."""

    tail: keras.Model
    groups: list[Group]
    material: Material
    phase: Phase
    batch_size: int
    seed: int
    step: Callable[[np.ndarray, np.ndarray], StepResult]
    forward: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, tail: keras.Model, material: Material, phase: Phase, batch_size: int, seed: int) -> Trainer:
        groups = groups_of(tail, phase)
        return cls(tail, groups, material, phase, batch_size, seed, training_step(tail, groups), forward_pass(tail))

    def epoch(self, epoch: int, progress: Progress) -> tuple[dict[str, Any], np.ndarray]:
        """Trains one epoch.

        Raises:
            Diverged: where the loss is no number any more.
            RunStopped: where `progress` raises it; the epoch is then not counted.
        """
        started = time.monotonic()
        reported = self._train(epoch, progress)
        seconds = time.monotonic() - started
        said = f"Measuring epoch {epoch}"
        clean = evaluate(self.forward, self.material.clean, progress=progress, said=said)
        validation = evaluate(self.forward, self.material.validation, progress=progress, said=said)
        line = {
            "epoch": epoch,
            "phase": self.phase.name,
            **reported,
            **reading("clean_", clean),
            **reading("val_", validation),
            "learning_rate": {group.name: float(group.optimizer.learning_rate) for group in self.groups},
            "seconds": round(time.monotonic() - started, 4),
            "images_per_second": round(len(self.material.train.labels) / max(seconds, 1e-9), 1),
        }
        _check_finite(line)
        return line, validation.losses

    def _train(self, epoch: int, progress: Progress) -> dict[str, float]:
        reseed(self.tail, self.seed, epoch)
        labels = self.material.train.labels
        order = generator_of("order", self.seed, epoch).permutation(len(labels))
        batches = in_batches(order, self.batch_size)
        losses, correct, penalties = [], [], []
        for number, batch in enumerate(self.material.train.inputs(batches, epoch)):
            result = self.step(batch.inputs, labels[batches[number]])
            losses.append(result.losses)
            correct.append(result.correct)
            penalties.append(result.penalty)
            progress(f"Epoch {epoch}", number + 1, len(batches))
        return {
            "loss": float(np.concatenate(losses).mean(dtype=np.float64)),
            "accuracy": float(np.concatenate(correct).mean()),
            "penalty": float(np.mean(penalties)),
        }


def evaluate(
    forward: Callable[[np.ndarray], np.ndarray],
    part: Part,
    measure: Callable[[np.ndarray, np.ndarray], Measured] = cross_entropy,
    progress: Progress = unwatched,
    said: str = "Measuring",
) -> Measured:
    """Measures a tail in inference mode."""
    batches = in_batches(np.arange(len(part.labels)), EVALUATION_BATCH)
    outputs = []
    for number, batch in enumerate(part.inputs(batches, 0), 1):
        outputs.append(forward(batch.inputs))
        progress(said, number, len(batches))
    return measure(np.concatenate(outputs), part.labels)


def _check_finite(line: dict[str, Any]) -> None:
    for name in ("loss", "clean_loss", "val_loss", "penalty"):
        if not math.isfinite(line[name]):
            raise Diverged(
                f"In epoch {line['epoch']} the {name.replace('_', ' ')} was no number any more ({line[name]}): training diverged. "
                "Start a new run with a lower train.learning_rate; the epochs before are kept."
            )
