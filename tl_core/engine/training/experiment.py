"""The steps of a run, from its spec to its report."""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache import Progress
from tl_core.data.prepare import Prepared, describe, prepare
from tl_core.engine.backend import device_name, set_up
from tl_core.engine.inputs.streams import in_batches
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.networks.head import units_of
from tl_core.engine.results import export, reports
from tl_core.engine.results.measures import loss_name, measure_of, reading
from tl_core.engine.step import forward_pass, variables_of
from tl_core.engine.training import checkpoints, history
from tl_core.engine.training.epochs import EVALUATION_BATCH, Part, Trainer, evaluate
from tl_core.engine.training.material import OnEpoch, Work, material, still_inputs
from tl_core.engine.training.solvers import solve
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.phases import Phase, phases, total_epochs
from tl_core.store import Run, cache_folder, read_spec, read_state, write_state

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
    _check_same_data(run, data)
    write_json(run.report / "data.json", describe(data))
    progress("Building the network", 0, 1)
    model = assemble(spec, len(data.dataset.class_names))
    work = Work(run, spec, data, model, cache, progress, on_epoch)
    write_state(
        run, data=data.dataset.fingerprint, epochs=total_epochs(spec), environment=_environment(), **_counts(work)
    )
    log.info("%d classes, images %s, on %s.", len(work.classes), _counts(work)["images"], device_name())
    for phase in phases(spec):
        log.info("Phase %s: epochs %d to %d, frozen up to %s.", phase.name, phase.first, phase.last, phase.frozen)
        if phase.name == "solve":
            _solve(work, phase)
        else:
            _train_phase(work, phase, passed)
    _finish(work)


def _train_phase(work: Work, phase: Phase, passed: Passed) -> None:
    """Trains the epochs of a phase that are still to be trained."""
    latest = checkpoints.latest_whole(work.run.checkpoints)
    if latest and latest.epoch >= phase.last:
        _restore_model(work, latest)
        return
    parts = divide(work.model, work.spec, phase.frozen)
    train = work.spec.train
    trainer = Trainer.of(parts.tail, material(work, phase, parts), phase, train.batch_size, train.seed)
    variables = variables_of(parts.tail, trainer.groups)
    if latest:
        values = checkpoints.load(work.run.checkpoints, latest)
        # A phase starts with fresh optimisers, also where the run was broken off just before it.
        begun = latest.epoch >= phase.first
        known = variables if begun else {n: v for n, v in variables.items() if n in values and n.startswith("model/")}
        checkpoints.restore(values, known)
    lines = history.truncated(work.run, latest)
    for epoch in range(max(phase.first, latest.epoch + 1 if latest else 1), phase.last + 1):
        line, losses = trainer.epoch(epoch, work.progress)
        lines = _recorded(work, lines, line, losses, variables, passed)


def _recorded(
    work: Work, lines: list[Any], line: dict[str, Any], losses: np.ndarray, variables: Any, passed: Passed
) -> list[Any]:
    """Saves an epoch: losses and checkpoint first, then the line that says it is done."""
    lines = [*lines, line]
    best = history.best_of(lines, work.spec.train.best)
    history.write_losses(work.run, line["epoch"], losses)
    checkpoints.save(work.run.checkpoints, variables, line, best["epoch"], work.spec.train.keep_checkpoints)
    history.append(work.run, line)
    write_state(work.run, epoch=line["epoch"], phase=line["phase"], seconds=passed(), **history.best_figures(best))
    log.info("Epoch %d: validation loss %.4f, accuracy %.4f.", line["epoch"], line["val_loss"], line["val_accuracy"])
    work.on_epoch(line)
    return lines


def _restore_model(work: Work, latest: checkpoints.Checkpoint) -> None:
    """Puts a finished phase's weights into the network; its optimisers are of no use any more."""
    values = checkpoints.load(work.run.checkpoints, latest)
    named = {f"model/{variable.path}": variable for variable in work.model.weights}
    checkpoints.restore(values, {name: variable for name, variable in named.items() if name in values})


def _solve(work: Work, phase: Phase) -> None:
    """Fits a classifier that has a solution, and records it as one epoch."""
    if checkpoints.latest_whole(work.run.checkpoints):
        return
    began = time.monotonic()
    spec, split = work.spec, work.data.split
    parts = divide(work.model, spec, phase.frozen)
    learned = material(work, phase, parts)
    fitted = np.concatenate(list(learned.train.inputs(in_batches(np.arange(len(split.train)), EVALUATION_BATCH), 1)))
    work.progress("Solving", 0, 1)
    solve(work.model, spec.head, fitted, split.train_labels, len(work.classes), spec.train.seed)
    forward, measure = forward_pass(parts.tail), measure_of(spec.head)
    clean, validation = (evaluate(forward, part, measure) for part in (learned.clean, learned.validation))
    line = {"epoch": 1, "phase": phase.name, **reading("clean_", clean), **reading("val_", validation)}
    line["seconds"] = round(time.monotonic() - began, 4)
    _recorded(work, [], line, validation.losses, variables_of(parts.tail, []), lambda: line["seconds"])


def _finish(work: Work) -> None:
    """Exports the best epoch and measures it: validation again, and the test part for the first and only time."""
    best = checkpoints.best_whole(work.run.checkpoints)
    if best.phase != phases(work.spec)[-1].name:
        # Its checkpoint holds what had been trained by then; what thawed later must be as it was at the start.
        work = replace(work, model=assemble(work.spec, len(work.classes)))
    _restore_model(work, best)
    export.save(work.model, _signature(work, best.epoch), work.run.export)
    figures = {}
    for part in ("validation", "test"):
        if len(rows := work.data.split.part(part)):
            figures[part] = _report(work, part, rows)
    test = figures.get("test", {})
    write_state(work.run, exported_epoch=best.epoch, test_accuracy=test.get("accuracy"), test_loss=test.get("loss"))


def _report(work: Work, part: str, rows: np.ndarray) -> dict[str, Any]:
    work.progress(f"Evaluating the {part} part", 0, 1)
    phase = phases(work.spec)[-1]
    parts = divide(work.model, work.spec, phase.frozen)
    data = Part(still_inputs(work, phase, parts)(rows), work.data.dataset.labels[rows])
    measured = evaluate(forward_pass(parts.tail), data, measure_of(work.spec.head))
    items = [work.data.dataset.items[row] for row in rows]
    made = reports.report(measured, work.classes, items, loss_name(work.spec.head))
    write_json(work.run.report / f"{part}.json", made)
    return made


def _signature(work: Work, epoch: int) -> export.Signature:
    one_unit = units_of(work.spec.head, len(work.classes)) == 1
    output: export.Output = "sigmoid" if one_unit else "softmax"
    details = {
        "run": work.run.id,
        "epoch": epoch,
        "backbone": work.spec.backbone.name,
        "spec": work.spec.digest(),
        **_environment(),
    }
    margins = work.spec.head.classifier == "linear-svm"
    return export.Signature(work.classes, work.spec.image_size, "margins" if margins else output, details)


def _counts(work: Work) -> dict[str, Any]:
    split = work.data.split
    return {
        "images": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        "classes": len(work.classes),
        "skipped": len(work.data.dataset.skipped),
        "loss_name": loss_name(work.spec.head),
    }


def _environment() -> dict[str, Any]:
    """What a figure depends on beside the spec."""
    packages = {name: version(name) for name in ("tensorflow", "keras", "openvino", "numpy", "pillow")}
    return {"packages": packages, "python": platform.python_version(), "device": device_name(), "cores": os.cpu_count()}


def _check_same_data(run: Run, data: Prepared) -> None:
    known = read_state(run).get("data")
    if known and known != data.dataset.fingerprint:
        raise RunFailed(
            "The images are not those this run began with: files were added, removed or changed. Restore them, or start a new run."
        )
