"""The steps of a run, from its spec to its report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache import Progress
from tl_core.data.prepare import describe, prepare
from tl_core.engine.backend import set_up
from tl_core.engine.inputs.streams import in_batches
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.results.measures import measure_of, reading
from tl_core.engine.step import forward_pass, variables_of
from tl_core.engine.training import checkpoints, history
from tl_core.engine.training.beginning import begin
from tl_core.engine.training.epochs import EVALUATION_BATCH, Diverged, Trainer, evaluate
from tl_core.engine.training.finishing import finish
from tl_core.engine.training.material import OnEpoch, Work, material
from tl_core.engine.training.restoring import restore
from tl_core.engine.training.solvers import solve
from tl_core.files import write_json
from tl_core.phases import Phase, phases
from tl_core.store import Run, append_metrics, cache_folder, read_spec, write_state

log = logging.getLogger(__name__)

Passed = Callable[[], float]


def carry_out(run: Run, models: Path, progress: Progress, on_epoch: OnEpoch, passed: Passed) -> None:
    """Does what is left to do of a run: data, network, phases, export, report.

    Args:
        passed: Says how many seconds the run has taken so far.
    """
    spec, cache = read_spec(run), cache_folder(models)
    set_up(spec.train.seed)
    data = prepare(spec.data, spec.image_size, cache, progress)
    write_json(run.report / "data.json", describe(data))
    model = assemble(spec, len(data.dataset.class_names), progress)
    work = Work(run, spec, data, model, cache, progress, on_epoch)
    begin(work)
    _take_up(work)
    try:
        for phase in phases(spec):
            log.info("Phase %s: epochs %d to %d, frozen up to %s.", phase.name, phase.first, phase.last, phase.frozen)
            if phase.name == "solve":
                _solve(work, phase, passed)
            else:
                _train_phase(work, phase, passed)
    except Diverged:
        if checkpoints.entries_of(run.checkpoints):
            finish(work)  # What was good until then is exported; going on would diverge again.
        raise
    finish(work)


def _take_up(work: Work) -> None:
    """Makes the run's files say what its newest whole checkpoint says."""
    lines = history.taken_up(work.run, checkpoints.latest_whole(work.run.checkpoints))
    if lines:
        best = history.best_of(lines, work.spec.train.best)
        write_state(work.run, epoch=lines[-1]["epoch"], phase=lines[-1]["phase"], **history.best_figures(best))


def _train_phase(work: Work, phase: Phase, passed: Passed) -> None:
    """Trains the epochs of a phase that are still to be trained."""
    latest = checkpoints.latest_whole(work.run.checkpoints)
    if latest and latest.epoch >= phase.last:
        restore(work.model, work.run.checkpoints, latest)
        return
    parts = divide(work.model, work.spec, phase.frozen)
    train = work.spec.train
    trainer = Trainer.of(parts.tail, material(work, phase, parts), phase, train.batch_size, train.seed)
    variables = variables_of(parts.tail, trainer.groups)
    if latest and latest.epoch >= phase.first:
        checkpoints.restore(checkpoints.load(work.run.checkpoints, latest), variables)
    first = latest.epoch + 1 if latest else phase.first
    for epoch in range(first, phase.last + 1):
        line, losses = trainer.epoch(epoch, work.progress)
        _record(work, line, losses, variables, passed)


def _record(work: Work, line: dict[str, Any], losses: np.ndarray, variables: Any, passed: Passed) -> None:
    """Saves an epoch: losses and checkpoint first, then the line that says it is done."""
    run, train = work.run, work.spec.train
    lines = [*checkpoints.lines_of(run.checkpoints, line["epoch"] - 1), line]
    best = history.best_of(lines, train.best)
    history.write_losses(run, line["epoch"], losses)
    checkpoints.save(run.checkpoints, variables, lines, best["epoch"], train.keep_checkpoints)
    append_metrics(run, line)
    write_state(run, epoch=line["epoch"], phase=line["phase"], seconds=passed(), **history.best_figures(best))
    log.info("Epoch %d: validation loss %.4f, accuracy %.4f.", line["epoch"], line["val_loss"], line["val_accuracy"])
    work.on_epoch(line)


def _solve(work: Work, phase: Phase, passed: Passed) -> None:
    """Fits a classifier that has a solution, and records it as one epoch."""
    if latest := checkpoints.latest_whole(work.run.checkpoints):
        restore(work.model, work.run.checkpoints, latest)
        return
    began = time.monotonic()
    spec, split = work.spec, work.data.split
    parts = divide(work.model, spec, phase.frozen)
    learned = material(work, phase, parts)
    positions = in_batches(np.arange(len(split.train)), EVALUATION_BATCH)
    fitted = np.concatenate([batch.inputs for batch in learned.train.inputs(positions, 1)])
    work.progress("Solving", 0, 1)
    solve(work.model, spec.head, fitted, split.train_labels, len(work.classes), spec.train.seed)
    forward, measure = forward_pass(parts.tail), measure_of(spec.head)
    clean, validation = (evaluate(forward, part, measure) for part in (learned.clean, learned.validation))
    line = {"epoch": 1, "phase": phase.name, **reading("clean_", clean), **reading("val_", validation)}
    line["seconds"] = round(time.monotonic() - began, 4)
    _record(work, line, validation.losses, variables_of(parts.tail, []), passed)
