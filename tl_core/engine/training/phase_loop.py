"""Trains the epochs of a run, phase by phase, with live changes, until the last epoch or early stopping.

Everything an epoch depends on is in the checkpoint before it, in the run's files, or a function of (seed, epoch). So a resumed run continues
from its newest checkpoint exactly like an uninterrupted one, in the same way: a phase always starts with the values of the epoch
before, from memory or from disk. A stopped run loses the epoch in flight, which is then trained again from its start.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from tl_core.backbones.freezing import last_frozen
from tl_core.engine.backend import device_name, keras
from tl_core.engine.networks.assembly import divide
from tl_core.engine.results.reports import loss_name
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Evaluated, Trainer
from tl_core.engine.training.phase_data import RunContext, phase_data
from tl_core.engine.training.weights import first_network, restore_trained
from tl_core.errors import RunFailed
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import HeadSpec
from tl_core.experiment.stopping import EarlyStopping
from tl_core.plan import phase_plan
from tl_core.records import EarlyStop, Environment, EpochRecord, PlannedPhase, RunState
from tl_core.store import read_state, write_state
from tl_core.store.fork_start import inherited
from tl_core.store.live_changes import changes_in_force, put_in_force

log = logging.getLogger(__name__)

TRAINING_VERSION = 5
"""1: the last batch of an epoch held the remainder, and most dropout masks and noise of an epoch came again in the next.
2: batches of equal size; every step of every epoch has its own masks and noise.
3: L1 penalties on weights are minimised by proximal steps, no longer by the sign of a weight as its gradient.
4: batch normalisation that starts from random weights always learns, and its statistics soon fit.
5: gradients of convolutions, and of batch normalisation in the head, are summed in another order (engine.gradients): rounding. Other
heads on frozen networks train as before, to the bit."""

OTHER_ENVIRONMENT = "Resumed with other packages or another device; results may not be bit-identical."
OTHER_TRAINING = (
    "Resumed after an update of TL Lab that changed how it trains (batches, dropout, L1 penalties, batch statistics); results are not those "
    "of a run trained in one version."
)
OTHER_ROUNDING = (
    "Resumed after an update of TL Lab that computes gradients faster, with other rounding; results are not bit-identical to those of a run "
    "trained in one version."
)
NEVER_LEARNED = (
    "This run began in an earlier version of TL Lab, in which the batch normalisation of blocks with random weights never learned, so that "
    "features vanish in them. It cannot continue as it was; start a new run with its settings."
)

Record = Callable[[EpochRecord, Evaluated, Mapping[str, keras.Variable]], None]
"""Saves an epoch: its record, its outputs, and all variables that training changes."""


@dataclass(frozen=True)
class _ActivePhase:
    """The current phase, and the head its network was built with."""

    phase: Phase
    model: keras.Model
    head: HeadSpec
    trainer: Trainer


def train_epochs(context: RunContext, records: Sequence[EpochRecord], record: Record) -> None:
    """Trains the remaining epochs.

    Args:
        records: Those of the epochs so far; `record` adds each trained epoch.

    Raises:
        Diverged: a loss is NaN or infinite.
        RunStopped: the context's progress raised it.
    """
    active, in_force = None, _phases(context)
    rule = EarlyStopping(in_force[-1].spec.stopping, in_force[-1].schedule_span[0])
    why = None
    for known in records:
        why = rule.update(known)
    while not why and _last(context, records) < in_force[-1].last:
        epoch = _last(context, records) + 1
        in_force = _adjusted(context, epoch, in_force)
        phase = _phase_at(in_force, epoch)
        if active is None or phase != active.phase:
            active = _entered(context, phase, active, records)
        trained, evaluated = active.trainer.epoch(epoch, context.progress, records)
        record(trained, evaluated, active.trainer.variables)
        why = rule.update(trained)
    if why:
        _note_early_end(context, _last(context, records), why)


def phase_of(context: RunContext, epoch: int) -> Phase:
    """The phase of an epoch, with the settings in force."""
    return _phase_at(_phases(context), epoch)


def _phase_at(planned: Sequence[Phase], epoch: int) -> Phase:
    return next(phase for phase in planned if phase.first <= epoch <= phase.last)


def _phases(context: RunContext) -> tuple[Phase, ...]:
    return context.experiment.with_changes(changes_in_force(context.run)).phases


def _last(context: RunContext, records: Sequence[EpochRecord]) -> int:
    """The last complete epoch; for a fork without epochs, the one it starts from."""
    return records[-1].epoch if records else context.spec.start.epoch or 0


def _note_early_end(context: RunContext, epoch: int, why: str) -> None:
    log.info("Ended after epoch %d: %s", epoch, why)
    write_state(context.run, stopped_early=EarlyStop(epoch, why))


def _adjusted(context: RunContext, epoch: int, before: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """The phases of the run, after putting requested live changes in force."""
    made = put_in_force(context.run, epoch)
    if made is None:
        return before
    changes = ", ".join(f"{path} is {value}" for path, value in made.values.items())
    log.info("From epoch %d on %s.", epoch, changes)
    write_state(context.run, phases=planned(context))
    return _phases(context)


def _entered(
    context: RunContext, phase: Phase, before: _ActivePhase | None, records: Sequence[EpochRecord]
) -> _ActivePhase:
    """A phase ready to train, with the values of the epoch before; within the same schedule span, its optimisers and averages continue."""
    log.info("Phase %s: epochs %d to %d, frozen up to %s.", phase.title, phase.first, phase.last, phase.frozen)
    values = _values(context, before, records)
    model, head = (before.model, before.head) if before else (context.model, context.spec.head)
    if phase.spec.head != head:
        model, head = first_network(context.run, phase.experiment, context.classes, context.progress), phase.spec.head
    restore_trained(model, values)
    parts = divide(model, phase.experiment, phase.frozen)
    data = phase_data(context, phase, parts)
    trainer = Trainer.build(parts.tail, data, phase, inherited(context.run))
    if records and phase_of(context, records[-1].epoch).schedule_span == phase.schedule_span:
        checkpoints.restore(values, known(trainer.variables, values))
    return _ActivePhase(phase, model, head, trainer)


def known(variables: Mapping[str, Any], values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The variables without state of optimisers that a checkpoint of an earlier training version does not have; it begins anew."""
    return {name: of for name, of in variables.items() if name in values or not name.startswith("optimizer/")}


def _values(
    context: RunContext, before: _ActivePhase | None, records: Sequence[EpochRecord]
) -> Mapping[str, np.ndarray]:
    if before:
        return {name: np.asarray(variable).copy() for name, variable in before.trainer.variables.items()}
    latest = checkpoints.latest_whole(context.run.checkpoints) if records else None
    return checkpoints.load(context.run.checkpoints, latest) if latest else {}


def begin(context: RunContext) -> None:
    """Records the provenance in the run's state.

    Raises:
        RunFailed: images or weights differ from those of earlier epochs, or a stage freezes what was trained.
    """
    known = read_state(context.run)
    _check_order(context.experiment)
    _check_random_blocks(context.experiment, known)
    check_unchanged(context)
    message = _difference(known.environment, context.experiment)
    if message:
        log.warning("%s It was %s and is %s.", message, known.environment, environment())
    experiment = context.experiment
    provenance = {"data": context.data.dataset.fingerprint, "weights": experiment.weights_identity}
    changes = {**provenance, "epochs": experiment.epochs, "environment": environment()}
    write_state(context.run, message=message, **changes, **_counts(context), phases=planned(context))
    log.info("%d classes, images %s, on %s.", len(context.classes), _counts(context)["images"], device_name())


def check_unchanged(context: RunContext) -> None:
    """Raises RunFailed if images or pretrained weights differ from those of earlier epochs."""
    known = read_state(context.run)
    _check_same("images", known.data, context.data.dataset.fingerprint)
    _check_same("pretrained weights", known.weights, context.experiment.weights_identity)


def _difference(known: Environment | None, experiment: Experiment) -> str:
    """What a resumed run has to say about the environment it was trained in before; "" if it comes to the same."""
    if known is None:
        return ""
    if known.training < 4:
        return OTHER_TRAINING
    if known.training < 5 and (experiment.spec.head.batch_norm or any(phase.thawed for phase in experiment.phases)):
        return OTHER_ROUNDING
    return "" if replace(known, training=TRAINING_VERSION) == environment() else OTHER_ENVIRONMENT


def planned(context: RunContext) -> tuple[PlannedPhase, ...]:
    """The phases and their estimated seconds, for the time left."""
    images, classes = _counts(context)["images"], len(context.classes)
    in_force = context.experiment.with_changes(changes_in_force(context.run)).phases
    plans = [phase_plan(phase, images, classes) for phase in in_force]
    return tuple(PlannedPhase(plan.phase.first, plan.phase.last, plan.seconds) for plan in plans)


def environment() -> Environment:
    """What figures depend on besides the spec."""
    packages = {name: version(name) for name in ("tensorflow", "keras", "openvino", "numpy", "pillow")}
    return Environment(packages, platform.python_version(), device_name(), os.cpu_count(), TRAINING_VERSION)


def _counts(context: RunContext) -> dict[str, Any]:
    split = context.data.split
    return {
        "images": split.sizes,
        "classes": len(context.classes),
        "skipped": sum(not item.is_folder for item in context.data.dataset.skipped),
        "loss_name": loss_name(context.spec.head),
    }


def _check_order(experiment: Experiment) -> None:
    """No phase may freeze what an earlier phase trained: its checkpoints and cached features would miss it."""
    depths = [len(phase.thawed) for phase in experiment.phases]
    if depths != sorted(depths):
        raise RunFailed("A stage freezes blocks that were trained before. Write train.stages from the top down.")


def _check_random_blocks(experiment: Experiment, known: RunState) -> None:
    """A run of an earlier version, with checkpoints of fewer trained weights, cannot continue."""
    spec, began_before = experiment.spec, known.environment is not None and known.environment.training < 4
    if not (began_before and known.epoch > 0 and experiment.random_blocks):
        return
    frozen_before = last_frozen(experiment.backbone, spec.backbone.freeze, spec.backbone.output)
    if not spec.train.update_batch_norm or frozen_before != experiment.frozen:
        raise RunFailed(NEVER_LEARNED)


def _check_same(what: str, known: str | None, found: str) -> None:
    if known not in (None, found):
        raise RunFailed(f"The {what} have changed since this run began. Restore them and resume, or start a new run.")
