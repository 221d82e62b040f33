"""Epochs: the loop of a phase, and the record each epoch leaves.

A record holds the metrics of `tl_core.metrics`, among them three pairs of curves, each measured as its name says:
loss, accuracy              reported: in training mode, on augmented images, averaged while the weights move. The loss is plain cross-entropy whatever
                            training lowers: neither smoothed labels nor weights of classes are in it. Of mixed images (MixUp, CutMix) it is
                            that of both labels, each by its share, and accuracy counts the label of the larger share
train_eval_loss, train_eval_accuracy
                            the network as it is after the epoch, in inference mode, on a fixed part of the training images (1,000 at most), not
                            augmented, against the labels training was given (with label noise, wrong ones too)
val_loss, val_accuracy      the same on the validation images
Only the second and third compare like with like, and with an average of weights they are the average's. They are measured in float32,
as the exported network computes. No loss includes the penalties; their sum is `penalty`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core import metrics
from tl_core.engine.backend import keras
from tl_core.engine.inputs.streams import Inputs, ResidentInputs, in_batches
from tl_core.engine.results.measures import cross_entropy
from tl_core.engine.seeds import generator_of, reseed
from tl_core.engine.step import (
    Forward,
    ParamGroup,
    StepConfig,
    StepResult,
    Steps,
    forward_pass,
    training_steps,
    variables_of,
)
from tl_core.engine.training.ema import averages_of, in_place_of_weights
from tl_core.engine.training.groups import groups_of, kernels_of
from tl_core.engine.training.step_chunks import portions
from tl_core.errors import RunFailed
from tl_core.experiment.phases import Phase
from tl_core.experiment.schedules import Plateau, is_constant, rate
from tl_core.metrics import METRICS, Measured
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage, unwatched

MEASURING = Activity(Stage.MEASURING)

EVALUATION_BATCH = 32


class Diverged(RunFailed):
    """A loss is no number any more; the epochs before are good."""


@dataclass(frozen=True)
class Part:
    """Images with their labels, as a tail reads them. labels: int64, shape (images,)."""

    inputs: Inputs
    labels: np.ndarray


@dataclass(frozen=True)
class PhaseData:
    """What a phase learns from and is measured on. `train_eval` is a fixed part of the training images, never augmented."""

    train: Part
    train_eval: Part
    validation: Part


def step_config(
    groups: Sequence[ParamGroup], averages: Sequence[tuple[Any, Any]], labels: np.ndarray, phase: Phase
) -> StepConfig:
    """What the steps of a phase do beyond lowering the mean cross-entropy of a batch."""
    spec = phase.spec
    thawed = [variable for group in groups if group.name != "head" for variable in group.variables]
    return StepConfig(
        label_smoothing=spec.loss.label_smoothing,
        class_weights=balanced(labels) if spec.loss.class_weights == "balanced" else None,
        penalised=kernels_of(thawed) if spec.train.backbone_l2 else (),
        l2=spec.train.backbone_l2,
        clip_norm=spec.optimizer.clip_norm,
        ema=spec.optimizer.ema,
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
    """A phase made ready: `epoch` trains one and returns its record, and what was measured on the validation images."""

    tail: keras.Model
    groups: list[ParamGroup]
    averages: list[tuple[Any, Any]]
    phase_data: PhaseData
    phase: Phase
    steps: Steps
    forward: Forward
    plateau: Plateau

    @classmethod
    def build(cls, tail: keras.Model, phase_data: PhaseData, phase: Phase) -> Trainer:
        groups = groups_of(tail, phase)
        averages = averages_of(tail) if phase.spec.optimizer.ema else []
        steps = training_steps(tail, groups, step_config(groups, averages, phase_data.train.labels, phase))
        plateau = Plateau(phase.spec.schedule, phase.schedule_span)
        return cls(tail, groups, averages, phase_data, phase, steps, forward_pass(tail), plateau)

    @property
    def variables(self) -> Mapping[str, Any]:
        """All that an epoch changes, as checkpoints name it."""
        return variables_of(self.tail, self.groups, self.averages)

    def epoch(
        self, epoch: int, progress: ProgressCallback, records: Sequence[EpochRecord] = ()
    ) -> tuple[EpochRecord, Measured]:
        """Trains one epoch.

        Args:
            records: Of the epochs before; the learning rate may depend on them. From one epoch to the next they only grow.

        Raises:
            Diverged: where the loss is no number any more.
            RunStopped: where `progress` raises it; the epoch is then not counted.
        """
        started = time.monotonic()
        reported = self._train(epoch, progress, records)
        seconds = time.monotonic() - started
        measuring = Activity(Stage.MEASURING, epoch)
        with in_place_of_weights(self.averages):
            train_eval = evaluate(self.forward, self.phase_data.train_eval, progress=progress, activity=measuring)
            validation = evaluate(self.forward, self.phase_data.validation, progress=progress, activity=measuring)
        record = EpochRecord(
            epoch=epoch,
            phase=self.phase.title,
            metrics={
                **reported,
                **metrics.measure("train_eval", train_eval),
                **metrics.measure("val", validation),
            },
            learning_rate=self._rates(),
            seconds=round(time.monotonic() - started, 4),
            images_per_second=round(len(self.phase_data.train.labels) / max(seconds, 1e-9), 1),
        )
        _check_finite(record)
        return record, validation

    def _train(self, epoch: int, progress: ProgressCallback, records: Sequence[EpochRecord]) -> dict[str, float]:
        train = self.phase.spec.train
        reseed(self.tail, train.seed, epoch)
        order = generator_of("order", train.seed, epoch).permutation(len(self.phase_data.train.labels))
        batches = in_batches(order, train.batch_size)
        shares = self._shares(epoch, len(batches), records)
        results, taken, activity = [], 0, Activity(Stage.TRAINING, epoch)
        for result in self._results(batches, shares, epoch):
            results.append(result)
            taken += result.penalty.size
            progress(activity, taken, len(batches))
        self._set_rates(shares[-1])
        return {
            "loss": float(np.concatenate([result.losses.ravel() for result in results]).mean(dtype=np.float64)),
            "accuracy": float(np.concatenate([result.correct.ravel() for result in results]).mean()),
            "penalty": float(np.concatenate([result.penalty.ravel() for result in results]).mean(dtype=np.float64)),
        }

    def _results(self, batches: Sequence[np.ndarray], shares: Sequence[float], epoch: int) -> Iterator[StepResult]:
        """Takes the steps of an epoch: one by one, or many at once where what they read is kept."""
        inputs = self.phase_data.train.inputs
        if isinstance(inputs, ResidentInputs):
            return self._at_once(inputs, batches, shares)
        return self._one_by_one(batches, shares, epoch)

    def _at_once(
        self, inputs: ResidentInputs, batches: Sequence[np.ndarray], shares: Sequence[float]
    ) -> Iterator[StepResult]:
        rates = np.array([[group.rate * share for group in self.groups] for share in shares], np.float32)
        for portion in portions(batches, inputs.numbers):
            yield self.steps.many(
                inputs.source, np.stack(batches[portion]), self.phase_data.train.labels, rates[portion]
            )

    def _one_by_one(self, batches: Sequence[np.ndarray], shares: Sequence[float], epoch: int) -> Iterator[StepResult]:
        labels, before = self.phase_data.train.labels, None
        for batch, positions, share in zip(self.phase_data.train.inputs(batches, epoch), batches, shares, strict=True):
            if share != before:
                self._set_rates(share)
            before = share
            mixed = () if batch.partners is None else (labels[batch.partners], batch.shares)
            yield self.steps.one(batch.inputs, labels[positions], *mixed)

    def _shares(self, epoch: int, steps: int, records: Sequence[EpochRecord]) -> list[float]:
        """The share of the rates that each step of an epoch has."""
        schedule, schedule_span = self.phase.spec.schedule, self.phase.schedule_span
        if is_constant(schedule):
            return [1.0] * steps
        lowered = self.plateau.lowered(records) if schedule.name == "plateau" else 0
        return [rate(schedule, 1.0, epoch, step, steps, schedule_span, lowered) for step in range(steps)]

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
    forward: Forward,
    part: Part,
    measure: Callable[[np.ndarray, np.ndarray], Measured] = cross_entropy,
    progress: ProgressCallback = unwatched,
    activity: Activity = MEASURING,
) -> Measured:
    """Measures a tail in inference mode."""
    batches = in_batches(np.arange(len(part.labels)), EVALUATION_BATCH)
    outputs, done = [], 0
    for output in _outputs(forward, part.inputs, batches):
        outputs.append(output)
        done += len(output)
        progress(activity, -(-done // EVALUATION_BATCH), len(batches))
    return measure(np.concatenate(outputs), part.labels)


def _outputs(forward: Forward, inputs: Inputs, batches: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    if isinstance(inputs, ResidentInputs):
        return (
            forward.many(inputs.source, np.stack(batches[portion])) for portion in portions(batches, inputs.numbers)
        )
    return (forward(batch.inputs) for batch in inputs(batches, 0))


def _check_finite(record: EpochRecord) -> None:
    for row in METRICS:
        if not math.isfinite(value := record.metrics.get(row.name, 0.0)):
            raise Diverged(
                f"In epoch {record.epoch} the {row.phrase} was {value}: training diverged. "
                "Start a new run with a lower train.learning_rate; the epochs before are kept."
            )
