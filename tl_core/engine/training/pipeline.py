"""The steps of a run, from its spec to its report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tl_core import metrics
from tl_core.data.prepare import describe
from tl_core.engine.backend import set_up
from tl_core.engine.inputs.streams import in_batches
from tl_core.engine.networks import network_pool
from tl_core.engine.networks.assembly import divide
from tl_core.engine.results.measures import measure_of
from tl_core.engine.step import forward_pass, variables_of
from tl_core.engine.training import checkpoints, recording
from tl_core.engine.training.epochs import EVALUATION_BATCH, Diverged, evaluate
from tl_core.engine.training.finishing import finish
from tl_core.engine.training.initial_weights import first_network
from tl_core.engine.training.phase_data import OnEpoch, RunContext, phase_data
from tl_core.engine.training.phase_loop import train_epochs
from tl_core.engine.training.prefetch import prepared
from tl_core.engine.training.provenance import begin
from tl_core.engine.training.solvers import solve
from tl_core.experiment.resolve import Experiment
from tl_core.files import write_json
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.store import Run, append_metrics, cache_folder, write_state
from tl_core.store import best as best_line

log = logging.getLogger(__name__)

Passed = Callable[[], float]


def carry_out(
    run: Run, experiment: Experiment, models: Path, progress: ProgressCallback, on_epoch: OnEpoch, passed: Passed
) -> None:
    """Does what is left to do of a run: data, network, phases, export, report.

    Args:
        passed: Says how many seconds the run has taken so far.
    """
    try:
        _carry_out(run, experiment, models, progress, on_epoch, passed)
        if _left_alone(experiment):
            network_pool.give_back()
    finally:
        network_pool.forget()


def _carry_out(
    run: Run, experiment: Experiment, models: Path, progress: ProgressCallback, on_epoch: OnEpoch, passed: Passed
) -> None:
    cache = cache_folder(models)
    set_up(experiment.spec.train.seed)
    data = prepared(experiment, cache, progress, fresh=not checkpoints.entries_of(run.checkpoints))
    write_json(run.report / "data.json", describe(data))
    model = first_network(run, experiment, data.dataset.class_names, progress, data.dataset.fingerprint)
    context = RunContext(run, experiment, data, model, cache, progress, on_epoch)
    begin(context)
    lines = _taken_up(context)
    try:
        _train(context, lines, passed)
    except Diverged:
        if checkpoints.entries_of(run.checkpoints):
            finish(context)  # What was good until then is exported; going on would diverge again.
        raise
    finish(context)


def _left_alone(experiment: Experiment) -> bool:
    """True where a run changes no weight of its backbone."""
    return all(phase.backbone_rate is None for phase in experiment.phases) and not experiment.spec.start.run


def _taken_up(context: RunContext) -> list[dict[str, Any]]:
    """The lines of the run's newest whole checkpoint, which its files are made to say as well."""
    lines = recording.taken_up(context.run, checkpoints.latest_whole(context.run.checkpoints))
    if lines:
        best = best_line(lines, context.spec.train.best)
        write_state(context.run, epoch=lines[-1]["epoch"], phase=lines[-1]["phase"], **recording.best_figures(best))
    return lines


def _train(context: RunContext, lines: list[dict[str, Any]], passed: Passed) -> None:
    if not context.experiment.solved:
        train_epochs(context, lines, partial(_record, context, passed))
    elif not lines:
        _solve(context, passed)


def _record(context: RunContext, passed: Passed, line: dict[str, Any], losses: np.ndarray, variables: Any) -> None:
    """Saves an epoch: losses and checkpoint first, then the line that says it is done."""
    run, train = context.run, context.spec.train
    lines = [*checkpoints.lines_of(run.checkpoints, line["epoch"] - 1), line]
    best = best_line(lines, train.best)
    recording.write_losses(run, line["epoch"], losses)
    checkpoints.save(run.checkpoints, variables, lines, best["epoch"], train.keep_checkpoints, train.checkpoint_every)
    append_metrics(run, line)
    write_state(run, epoch=line["epoch"], phase=line["phase"], seconds=passed(), **recording.best_figures(best))
    log.info("Epoch %d: validation loss %.4f, accuracy %.4f.", line["epoch"], line["val_loss"], line["val_accuracy"])
    context.on_epoch(line)


def _solve(context: RunContext, passed: Passed) -> None:
    """Fits a classifier that has a solution, and records it as one epoch."""
    began = time.monotonic()
    spec, split = context.spec, context.data.split
    (phase,) = context.experiment.phases
    parts = divide(context.model, context.experiment, phase.frozen)
    learned = phase_data(context, phase, parts)
    positions = in_batches(np.arange(len(split.train)), EVALUATION_BATCH)
    fitted = np.concatenate([batch.inputs for batch in learned.train.inputs(positions, 1)])
    context.progress(Activity(Stage.SOLVING), 0, 1)
    solve(context.model, spec.head, fitted, split.train_labels, len(context.classes), spec.train.seed)
    forward, measure = forward_pass(parts.tail), measure_of(spec.head)
    train_eval, validation = (evaluate(forward, part, measure) for part in (learned.train_eval, learned.validation))
    measured = {**metrics.measure("train_eval", train_eval), **metrics.measure("val", validation)}
    line = {"epoch": phase.first, "phase": phase.title, **measured}
    line["seconds"] = round(time.monotonic() - began, 4)
    _record(context, passed, line, validation.losses, variables_of(parts.tail, []))
