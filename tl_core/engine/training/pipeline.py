"""The pipeline of a run, from spec to export and reports."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import describe
from tl_core.engine.backend import set_up
from tl_core.engine.classifiers.solve import assign, solution
from tl_core.engine.inputs.streams import in_batches
from tl_core.engine.networks.assembly import divide
from tl_core.engine.networks.network_pool import NetworkPool, prepare_with_network
from tl_core.engine.results import export, reports
from tl_core.engine.results.reports import loss_name, measure_of
from tl_core.engine.step import forward_pass, variables_of
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import EVALUATION_BATCH, Diverged, Evaluated, Part, evaluate, measured
from tl_core.engine.training.phase_data import OnEpoch, RunContext, exported_inputs, ignore, output_keys, phase_data
from tl_core.engine.training.phase_loop import Record, begin, check_unchanged, train_epochs
from tl_core.engine.training.recording import History, best_values, taken_up
from tl_core.engine.training.weights import first_network, restore, signature_of
from tl_core.errors import RunFailed
from tl_core.experiment.resolve import Experiment
from tl_core.files import write_json
from tl_core.metrics import of_split
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage
from tl_core.store import Run, cache_folder, read_state, write_state
from tl_core.store.checkpoints import Checkpoint
from tl_core.store.image_keys import write_image_keys
from tl_core.store.outputs import remove_outputs, write_outputs
from tl_core.store.selected import selected_text, write_selected
from tl_core.store.tested_outputs import write_test_outputs

log = logging.getLogger(__name__)

Passed = Callable[[], float]

PARTS: tuple[Literal["validation", "test"], ...] = ("validation", "test")
"""The parts of the data with a report."""


def carry_out(
    run: Run,
    experiment: Experiment,
    models: Path,
    progress: ProgressCallback,
    on_epoch: OnEpoch,
    passed: Passed,
    pool: NetworkPool,
) -> None:
    """Carries out the rest of a run: data, network, phases, export, report.

    Args:
        passed: Returns the seconds that the run has taken so far.
        pool: Keeps the pretrained network for the next run, unless this run changes it.
    """
    context = _prepared(run, experiment, models, progress, on_epoch, pool)
    begin(context)
    write_image_keys(run, output_keys(context))
    history = _taken_up(context)
    discard_export(run)
    try:
        _train(context, history, passed)
    except Diverged:
        if checkpoints.entries_of(run.checkpoints):
            finish(context)  # Export the valid epochs; continuing would diverge again.
        raise
    finish(context)


def export_so_far(
    run: Run, experiment: Experiment, models: Path, progress: ProgressCallback, pool: NetworkPool
) -> None:
    """Exports and evaluates a run that ended before its last epoch, from the same checkpoint and in the same way as if it had ended now.

    Raises:
        RunFailed: the images or pretrained weights changed, or no checkpoint is undamaged.
    """
    context = _prepared(run, experiment, models, progress, ignore, pool)
    check_unchanged(context)
    _taken_up(context)
    finish(context)


def discard_export(run: Run) -> None:
    """Removes the export and figures of a run that goes on: they are of an epoch that may no longer be its best."""
    if run.export.exists():
        shutil.rmtree(run.export)
    for part in PARTS:
        (run.report / f"{part}.json").unlink(missing_ok=True)
    remove_outputs(run, "test")
    write_state(run, exported_epoch=None, test_accuracy=None, test_loss=None)


def _prepared(
    run: Run,
    experiment: Experiment,
    models: Path,
    progress: ProgressCallback,
    on_epoch: OnEpoch,
    pool: NetworkPool,
) -> RunContext:
    """The data and the network of a run before its first epoch."""
    cache = cache_folder(models)
    set_up(experiment.spec.train.seed)
    data, network = prepare_with_network(experiment, cache, progress, pool)
    if _changes_backbone(experiment):
        pool.clear()
    write_json(run.report / "data.json", describe(data, experiment.spec.data))
    if not read_state(run).epoch:  # A run that began goes on with the images it began with.
        refuse_missing(data.dataset, experiment.spec.data.accept_missing)
    model = first_network(run, experiment, data.dataset.class_names, progress, data.dataset.fingerprint, network)
    return RunContext(run, experiment, data, model, cache, progress, on_epoch)


def _changes_backbone(experiment: Experiment) -> bool:
    """True if a run trains its backbone, or starts from one that its parent trained."""
    return bool(experiment.spec.start.run) or any(phase.backbone_rate is not None for phase in experiment.phases)


def _taken_up(context: RunContext) -> History:
    """The epochs up to the run's newest undamaged checkpoint; truncates its files to it."""
    history = taken_up(context.run, context.spec.train.best)
    if history.best:
        last = history.records[-1]
        write_state(context.run, epoch=last.epoch, **best_values(history.best))
    return history


def _train(context: RunContext, history: History, passed: Passed) -> None:
    record = partial(_record, context, history, passed)
    if not context.experiment.solved:
        train_epochs(context, history.records, record)
    elif not history.records:
        _solve(context, record)


def _record(
    context: RunContext, history: History, passed: Passed, record: EpochRecord, measured: Evaluated, variables: Any
) -> None:
    """Saves an epoch, in the order described in `recording`."""
    run, train = context.run, context.spec.train
    write_outputs(run, record.epoch, measured)
    mark = history.append(record)
    best = history.best or record
    checkpoints.save(
        run.checkpoints, variables, record, mark, best.epoch, train.keep_checkpoints, train.checkpoint_every
    )
    write_state(run, epoch=record.epoch, seconds=passed(), **best_values(best))
    shown = ", ".join(f"{row.phrase} {row.text(record.metrics[row.name])}" for row in of_split("val") if row.main)
    log.info("Epoch %d: %s.", record.epoch, shown)
    context.on_epoch(record)


def _solve(context: RunContext, record: Record) -> None:
    """Solves a classifier, and records it as one epoch."""
    began = time.monotonic()
    spec, split = context.spec, context.data.split
    (phase,) = context.experiment.phases
    parts = divide(context.model, context.experiment, phase.frozen)
    learned = phase_data(context, phase, parts)
    positions = in_batches(np.arange(len(split.train)), EVALUATION_BATCH)
    fitted = np.concatenate([batch.inputs for batch in learned.train.inputs(positions, 1)])
    watch = partial(context.progress, Activity(Stage.SOLVING), 0, 1)
    watch()
    solved = solution(spec.head, fitted, split.train_labels, len(context.classes), spec.train.seed, watch)
    assign(solved, context.model)
    write_selected(context.run, solved.selected)
    if said := selected_text(solved.selected):
        log.info(said)
    forward, measure = forward_pass(parts.tail), measure_of(spec.head)
    evaluated = {split: evaluate(forward, part, measure) for split, part in learned.evaluated.items()}
    seconds = round(time.monotonic() - began, 4)
    epoch = EpochRecord(phase.first, phase.title, measured(evaluated), seconds=seconds)
    record(epoch, evaluated, variables_of(parts.tail, []))


def finish(context: RunContext) -> None:
    """Exports the best epoch, or the last if `stopping.restore_best` is off, and evaluates it on validation and test images.

    This is the only evaluation on the test part.
    """
    chosen = _chosen(context)
    if not _holds_all(context, chosen):
        # Its checkpoint holds the weights trained by then; blocks thawed later must have their initial weights.
        context = replace(
            context, model=first_network(context.run, context.experiment, context.classes, context.progress)
        )
    restore(context.model, context.run.checkpoints, chosen)
    export.save(
        context.model, signature_of(context.run, context.experiment, context.classes, chosen), context.run.export
    )
    figures = {}
    for part in PARTS:
        if len(rows := context.data.split.part(part)):
            figures[part] = _report(context, chosen, part, rows)
    test = figures.get("test", {})
    write_state(
        context.run, exported_epoch=chosen.epoch, test_accuracy=test.get("accuracy"), test_loss=test.get("loss")
    )


def _chosen(context: RunContext) -> Checkpoint:
    """The checkpoint to export; records in the state if it is not the requested one."""
    folder, state = context.run.checkpoints, read_state(context.run)
    best = context.spec.stopping.restore_best
    found = checkpoints.best_whole(folder) if best else checkpoints.latest_whole(folder)
    wanted, name = (state.best_epoch, "the best") if best else (state.epoch, "the last")
    if found is None:
        raise RunFailed("This run has no checkpoint to export.")
    if found.epoch != wanted:
        message = f"The checkpoint of epoch {wanted}, {name}, was damaged: epoch {found.epoch} is exported."
        write_state(context.run, message=message)
    return found


def _holds_all(context: RunContext, entry: Checkpoint) -> bool:
    """True if a checkpoint holds all weights that the run trains: one of the last phase, with or without live changes."""
    return entry.epoch >= context.experiment.phases[-1].first


def _report(context: RunContext, chosen: Checkpoint, part: str, rows: np.ndarray) -> dict[str, Any]:
    """The report on a part of the data, from the features of the phase that trained the chosen epoch: they are cached."""
    phases = context.experiment.phases
    phase = next((phase for phase in phases if phase.first <= chosen.epoch <= phase.last), phases[-1])
    parts = divide(context.model, context.experiment, phase.frozen)
    data = Part(exported_inputs(context, phase, parts)(rows), context.data.dataset.labels[rows])
    activity = Activity(Stage.EVALUATING, part=part)
    measured = evaluate(forward_pass(parts.tail), data, measure_of(context.spec.head), context.progress, activity)
    items = [context.data.dataset.items[row] for row in rows]
    made = reports.report(measured, context.classes, items, loss_name(context.spec.head))
    write_json(context.run.report / f"{part}.json", made)
    if part == "test":
        write_test_outputs(context.run, measured)
    return made
