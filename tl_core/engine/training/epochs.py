"""Epochs: the training loop, and the record of each epoch.

A record holds the metrics of `tl_core.metrics`, among them three pairs:
loss, accuracy              reported: in training mode, on augmented images, averaged while the weights change. The loss is plain cross-entropy,
                            without label smoothing and class weights. For mixed images (MixUp, CutMix) it is
                            that of both labels, weighted by share, and accuracy uses the label of the larger share
train_eval_loss, train_eval_accuracy
                            the network after the epoch, in inference mode, on a fixed subset of the training images (1,000 at most), not
                            augmented, with the training labels (including label noise)
val_loss, val_accuracy      the same on the validation images
Only the second and third are comparable; with an EMA they are those of the averaged weights. They are computed in float32,
like the exported network. No loss includes penalties; their sum is `penalty`.
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
from tl_core.engine.inputs.streams import Inputs, ResidentInputs, equal_batches, in_batches, portions
from tl_core.engine.networks.assembly import is_norm, starting_random
from tl_core.engine.networks.head import l1_penalties
from tl_core.engine.results.reports import cross_entropy
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
from tl_core.engine.training.optimizers import averages_of, groups_of, in_place_of_weights, kernels_of
from tl_core.errors import RunFailed
from tl_core.experiment.phases import Phase
from tl_core.experiment.schedules import Plateau, is_constant, rate
from tl_core.metrics import METRICS, Measured
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage, unwatched
from tl_core.store import EvaluatedSplit

MEASURING = Activity(Stage.MEASURING)

EVALUATION_BATCH = 32


Evaluated = Mapping[EvaluatedSplit, Measured]
"""The outputs of each evaluated split after an epoch."""


class Diverged(RunFailed):
    """A loss is NaN or infinite; the epochs before are valid."""


@dataclass(frozen=True)
class Part:
    """Inputs of a tail with labels: int64, shape (images,)."""

    inputs: Inputs
    labels: np.ndarray


@dataclass(frozen=True)
class PhaseData:
    """The data of a phase. `train_eval` is a fixed subset of the training images, never augmented."""

    train: Part
    train_eval: Part
    validation: Part

    @property
    def evaluated(self) -> dict[EvaluatedSplit, Part]:
        """What is measured after every epoch."""
        return {"train_eval": self.train_eval, "val": self.validation}


def step_config(
    tail: keras.Model,
    groups: Sequence[ParamGroup],
    averages: Sequence[tuple[Any, Any]],
    labels: np.ndarray,
    phase: Phase,
) -> StepConfig:
    """The step config of a phase."""
    spec = phase.spec
    thawed = [variable for group in groups if group.name != "head" for variable in group.variables]
    return StepConfig(
        label_smoothing=spec.loss.label_smoothing,
        class_weights=balanced(labels) if spec.loss.class_weights == "balanced" else None,
        penalised=kernels_of(thawed) if spec.train.backbone_l2 else (),
        l2=spec.train.backbone_l2,
        l1=l1_penalties(groups[0].variables, spec.head),
        clip_norm=spec.optimizer.clip_norm,
        ema=spec.optimizer.ema,
        averages=averages,
        precision=spec.optimizer.precision,
        norms=[layer for layer in starting_random(tail.layers, phase.experiment) if is_norm(layer)],
    )


def balanced(labels: np.ndarray) -> np.ndarray:
    """Class weights inversely proportional to frequency, with mean 1 over the images: float32, shape (classes,); 0 for empty classes."""
    counts = np.bincount(labels)
    return np.divide(
        len(labels), counts * np.count_nonzero(counts), where=counts > 0, out=np.zeros(len(counts))
    ).astype(np.float32)


@dataclass(frozen=True)
class Trainer:
    """A phase ready to train: `epoch` trains one epoch and returns its record and the outputs of each evaluated split."""

    tail: keras.Model
    groups: list[ParamGroup]
    averages: list[tuple[Any, Any]]
    phase_data: PhaseData
    phase: Phase
    steps: Steps
    forward: Forward
    plateau: Plateau

    @classmethod
    def build(
        cls, tail: keras.Model, phase_data: PhaseData, phase: Phase, inherited: Sequence[EpochRecord] = ()
    ) -> Trainer:
        """Builds the steps of a phase. inherited: The epochs before a fork, which the plateau schedule may continue."""
        groups = groups_of(tail, phase)
        averages = averages_of(tail) if phase.spec.optimizer.ema else []
        steps = training_steps(tail, groups, step_config(tail, groups, averages, phase_data.train.labels, phase))
        plateau = Plateau(phase.spec.schedule, phase.schedule_span, inherited)
        return cls(tail, groups, averages, phase_data, phase, steps, forward_pass(tail), plateau)

    @property
    def variables(self) -> Mapping[str, Any]:
        """All variables that an epoch changes, by their names in checkpoints."""
        return variables_of(self.tail, self.groups, self.averages)

    def epoch(
        self, epoch: int, progress: ProgressCallback, records: Sequence[EpochRecord] = ()
    ) -> tuple[EpochRecord, Evaluated]:
        """Trains one epoch.

        Args:
            records: Those of the epochs before, on which the learning rate may depend; they only grow.

        Raises:
            Diverged: the loss is NaN or infinite.
            RunStopped: `progress` raised it; the epoch is discarded.
        """
        started = time.monotonic()
        reported = self._train(epoch, progress, records)
        seconds = time.monotonic() - started
        measuring = Activity(Stage.MEASURING, epoch)
        with in_place_of_weights(self.averages):
            evaluated: Evaluated = {
                split: evaluate(self.forward, part, progress=progress, activity=measuring)
                for split, part in self.phase_data.evaluated.items()
            }
        record = EpochRecord(
            epoch=epoch,
            phase=self.phase.title,
            metrics={**reported, **measured(evaluated)},
            learning_rate=self._rates(),
            seconds=round(time.monotonic() - started, 4),
            images_per_second=round(len(self.phase_data.train.labels) / max(seconds, 1e-9), 1),
        )
        _check_finite(record)
        return record, evaluated

    def _train(self, epoch: int, progress: ProgressCallback, records: Sequence[EpochRecord]) -> dict[str, float]:
        train = self.phase.spec.train
        reseed(self.tail, train.seed, epoch)
        order = generator_of("order", train.seed, epoch).permutation(len(self.phase_data.train.labels))
        batches = equal_batches(order, train.batch_size)
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
        """Runs the steps of an epoch: one by one, or many at once if the inputs are resident."""
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
        """The share of the base rates in each step of an epoch."""
        schedule, schedule_span = self.phase.spec.schedule, self.phase.schedule_span
        if is_constant(schedule):
            return [1.0] * steps
        lowered = self.plateau.lowered(records) if schedule.name == "plateau" else 0
        return [rate(schedule, 1.0, epoch, step, steps, schedule_span, lowered) for step in range(steps)]

    def _set_rates(self, share: float) -> None:
        for group in self.groups:
            group.optimizer.learning_rate = group.rate * share

    def _rates(self) -> dict[str, float]:
        """The rates of the last step: of the head and, if blocks are thawed, of the top block."""
        rates: dict[str, float] = {}
        for group in self.groups:
            rates.setdefault(group.name.partition("/")[0], float(group.optimizer.learning_rate))
        return rates


def measured(evaluated: Evaluated) -> dict[str, float]:
    """The metrics of all evaluated splits, by name."""
    return {
        name: value for split, outputs in evaluated.items() for name, value in metrics.measure(split, outputs).items()
    }


def evaluate(
    forward: Forward,
    part: Part,
    measure: Callable[[np.ndarray, np.ndarray], Measured] = cross_entropy,
    progress: ProgressCallback = unwatched,
    activity: Activity = MEASURING,
) -> Measured:
    """Evaluates a tail in inference mode."""
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
