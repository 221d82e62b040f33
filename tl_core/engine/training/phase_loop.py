"""The epochs of a run: from phase to phase, with settings that are changed between them, until the last or until a rule ends it.

Whatever an epoch depends on is in the checkpoint before it, in the run's files, or a function of (seed, epoch). So a run goes on from its
newest checkpoint exactly as it would have gone on by itself, and the way is the same: a phase always begins with the values of the epoch
before, from memory or from the disk. A run that is stopped loses the epoch in flight, which is then trained again from its start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import divide
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Trainer
from tl_core.engine.training.initial_weights import first_network
from tl_core.engine.training.phase_data import RunContext, phase_data
from tl_core.engine.training.provenance import planned
from tl_core.engine.training.restore import restore_trained
from tl_core.experiment.phases import Phase
from tl_core.experiment.spec import HeadSpec
from tl_core.experiment.stopping import ends_now
from tl_core.records import EarlyStop
from tl_core.store import write_state
from tl_core.store.live_changes import adjustments, put_in_force

log = logging.getLogger(__name__)

Line = dict[str, Any]

Record = Callable[[Line, np.ndarray, Mapping[str, Any]], None]
"""Makes an epoch safe: its line, the loss of each validation image, and all variables that training changes."""


@dataclass(frozen=True)
class _ActivePhase:
    """A phase that trains, and the head its network was built with."""

    phase: Phase
    model: keras.Model
    head: HeadSpec
    trainer: Trainer


def train_epochs(context: RunContext, lines: list[Line], record: Record) -> None:
    """Trains the epochs that are still to be trained.

    Args:
        lines: Of the epochs that are done; those of the epochs trained are added.

    Raises:
        Diverged: where a loss is no number any more.
        RunStopped: where the context's progress raises it.
    """
    active = None
    while _goes_on(context, lines):
        epoch = _last(context, lines) + 1
        _adjust(context, epoch)
        phase = phase_of(context, epoch)
        if active is None or phase != active.phase:
            active = _entered(context, phase, active, lines)
        line, losses = active.trainer.epoch(epoch, context.progress, lines)
        lines.append(line)
        record(line, losses, active.trainer.variables)


def phase_of(context: RunContext, epoch: int) -> Phase:
    """The phase an epoch is in, with the settings in force."""
    return next(phase for phase in _phases(context) if phase.first <= epoch <= phase.last)


def _phases(context: RunContext) -> tuple[Phase, ...]:
    return context.experiment.with_changes(adjustments(context.run)).phases


def _last(context: RunContext, lines: list[Line]) -> int:
    """The last epoch that is done; of a fork that has trained none the one it starts from."""
    return int(lines[-1]["epoch"]) if lines else context.spec.start.epoch or 0


def _goes_on(context: RunContext, lines: list[Line]) -> bool:
    last = _phases(context)[-1]
    ended = ends_now(last.spec.stopping, lines, last.schedule_span[0])
    if ended:
        log.info("Ended after epoch %d: %s", *ended)
        write_state(context.run, stopped_early=EarlyStop(*ended))
    return ended is None and _last(context, lines) < last.last


def _adjust(context: RunContext, epoch: int) -> None:
    """Puts in force what somebody asked for."""
    if made := put_in_force(context.run, epoch):
        changes = ", ".join(f"{path} is {value}" for path, value in made.values.items())
        log.info("From epoch %d on %s.", epoch, changes)
        write_state(context.run, phases=planned(context))


def _entered(context: RunContext, phase: Phase, before: _ActivePhase | None, lines: list[Line]) -> _ActivePhase:
    """A phase made ready, with the values of the epoch before; of the same course also its optimisers and averages go on."""
    log.info("Phase %s: epochs %d to %d, frozen up to %s.", phase.title, phase.first, phase.last, phase.frozen)
    values = _values(context, before, lines)
    model, head = (before.model, before.head) if before else (context.model, context.spec.head)
    if phase.spec.head != head:
        model, head = first_network(context.run, phase.experiment, context.classes, context.progress), phase.spec.head
    restore_trained(model, values)
    parts = divide(model, phase.experiment, phase.frozen)
    trainer = Trainer.build(parts.tail, phase_data(context, phase, parts), phase)
    if lines and phase_of(context, lines[-1]["epoch"]).schedule_span == phase.schedule_span:
        checkpoints.restore(values, trainer.variables)
    return _ActivePhase(phase, model, head, trainer)


def _values(context: RunContext, before: _ActivePhase | None, lines: list[Line]) -> Mapping[str, np.ndarray]:
    if before:
        return {name: np.asarray(variable).copy() for name, variable in before.trainer.variables.items()}
    latest = checkpoints.latest_whole(context.run.checkpoints) if lines else None
    return checkpoints.load(context.run.checkpoints, latest) if latest else {}
