"""Epochs: the loop of a phase, and the line each epoch leaves.

A line holds three pairs of curves, each measured as its name says:
loss, accuracy              reported: in training mode, on augmented images, averaged while the weights move. The loss is plain cross-entropy whatever
                            training lowers: neither smoothed labels nor weights of classes are in it. Of mixed images (MixUp, CutMix) it is
                            that of both labels, each by its share, and accuracy counts the label of the larger share
clean_loss, clean_accuracy  the network as it is after the epoch, in inference mode, on a fixed part of the training images (1,000 at most), not
                            augmented, against the labels training was given (with label noise, wrong ones too)
val_loss, val_accuracy      the same on the validation images
Only the second and third compare like with like, and with an average of weights they are the average's. They are measured in float32,
as the exported network computes. No loss includes the penalties; their sum is `penalty`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core.cache import Progress, unwatched
from tl_core.engine.backend import keras
from tl_core.engine.inputs.streams import Batch, Inputs, in_batches
from tl_core.engine.results.measures import Measured, cross_entropy, reading
from tl_core.engine.seeds import generator_of, reseed
from tl_core.engine.step import Group, Method, Step, StepResult, forward_pass, training_step, variables_of
from tl_core.engine.training.averaging import averages_of, in_place_of_weights
from tl_core.engine.training.groups import groups_of, kernels_of
from tl_core.errors import RunFailed
from tl_core.phases import Phase
from tl_core.schedules import Line, is_constant, rate

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


def method_of(groups: Sequence[Group], averages: Sequence[tuple[Any, Any]], labels: np.ndarray, phase: Phase) -> Method:
    """What the steps of a phase do beyond lowering the mean cross-entropy of a batch."""
    spec = phase.spec
    thawed = [variable for group in groups if group.name != "head" for variable in group.variables]
    return Method(
        label_smoothing=spec.loss.label_smoothing,
        class_weights=balanced(labels) if spec.loss.class_weights == "balanced" else None,
        penalised=kernels_of(thawed) if spec.train.backbone_l2 else (),
        l2=spec.train.backbone_l2,
        clip_norm=spec.optimizer.clip_norm,
        average=spec.optimizer.average,
        averages=averages,
        precision=spec.optimizer.precision,
    )


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weights of classes, the higher the rarer, of mean 1 over the images: float32, shape (classes,); 0 for a class without any."""
    counts = np.bincount(labels)
    return np.divide(
        len(labels), counts * np.count_nonzero(counts), where=counts > 0, out=np.zeros(len(counts))
    ).astype(np.float32)


@dataclass(frozen=True)
class Trainer:
    """A phase made ready: `epoch` trains one and returns its line and the loss of each validation image."""

    tail: keras.Model
    groups: list[Group]
    averages: list[tuple[Any, Any]]
    material: Material
    phase: Phase
    step: Step
    forward: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, tail: keras.Model, material: Material, phase: Phase) -> Trainer:
        groups = groups_of(tail, phase)
        averages = averages_of(tail) if phase.spec.optimizer.average else []
        step = training_step(tail, groups, method_of(groups, averages, material.train.labels, phase))
        return cls(tail, groups, averages, material, phase, step, forward_pass(tail))

    @property
    def variables(self) -> Mapping[str, Any]:
        """All that an epoch changes, as checkpoints name it."""
        return variables_of(self.tail, self.groups, self.averages)

    def epoch(self, epoch: int, progress: Progress, lines: Sequence[Line] = ()) -> tuple[dict[str, Any], np.ndarray]:
        """Trains one epoch.

        Args:
            lines: Those of the epochs before; the learning rate may depend on them.

        Raises:
            Diverged: where the loss is no number any more.
            RunStopped: where `progress` raises it; the epoch is then not counted.
        """
        started = time.monotonic()
        reported = self._train(epoch, progress, lines)
        seconds = time.monotonic() - started
        said = f"Measuring epoch {epoch}"
        with in_place_of_weights(self.averages):
            clean = evaluate(self.forward, self.material.clean, progress=progress, said=said)
            validation = evaluate(self.forward, self.material.validation, progress=progress, said=said)
        line = {
            "epoch": epoch,
            "phase": self.phase.name,
            **reported,
            **reading("clean_", clean),
            **reading("val_", validation),
            "learning_rate": self._rates(),
            "seconds": round(time.monotonic() - started, 4),
            "images_per_second": round(len(self.material.train.labels) / max(seconds, 1e-9), 1),
        }
        _check_finite(line)
        return line, validation.losses

    def _train(self, epoch: int, progress: Progress, lines: Sequence[Line]) -> dict[str, float]:
        train = self.phase.spec.train
        reseed(self.tail, train.seed, epoch)
        order = generator_of("order", train.seed, epoch).permutation(len(self.material.train.labels))
        batches = in_batches(order, train.batch_size)
        shares = self._shares(epoch, len(batches), lines)
        losses, correct, penalties = [], [], []
        for number, batch in enumerate(self.material.train.inputs(batches, epoch)):
            if number == 0 or shares[number] != shares[number - 1]:
                self._set_rates(shares[number])
            result = self._step(batch, batches[number])
            losses.append(result.losses)
            correct.append(result.correct)
            penalties.append(result.penalty)
            progress(f"Epoch {epoch}", number + 1, len(batches))
        return {
            "loss": float(np.concatenate(losses).mean(dtype=np.float64)),
            "accuracy": float(np.concatenate(correct).mean()),
            "penalty": float(np.mean(penalties)),
        }

    def _step(self, batch: Batch, positions: np.ndarray) -> StepResult:
        labels = self.material.train.labels
        if batch.partners is None:
            return self.step(batch.inputs, labels[positions])
        return self.step(batch.inputs, labels[positions], labels[batch.partners], batch.shares)

    def _shares(self, epoch: int, steps: int, lines: Sequence[Line]) -> list[float]:
        """The share of the rates that each step of an epoch has."""
        schedule, course = self.phase.spec.schedule, self.phase.course
        if is_constant(schedule):
            return [1.0] * steps
        return [rate(schedule, 1.0, epoch, step, steps, course, lines) for step in range(steps)]

    def _set_rates(self, share: float) -> None:
        for group in self.groups:
            group.optimizer.learning_rate = group.rate * share

    def _rates(self) -> dict[str, float]:
        """The rates of the last step: of the head and, where something is thawed, of its top block."""
        rates: dict[str, float] = {}
        for group in self.groups:
            rates.setdefault(group.name.partition("/")[0], float(group.optimizer.learning_rate))
        return rates


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
