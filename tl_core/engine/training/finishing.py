"""The end of a run: export and reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tl_core.engine.networks.assembly import divide
from tl_core.engine.results import export, reports
from tl_core.engine.results.measures import loss_name, measure_of
from tl_core.engine.step import forward_pass
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Part, evaluate
from tl_core.engine.training.phase_data import RunContext, exported_inputs
from tl_core.engine.training.weights import first_network, restore, signature_of
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.records import Activity, Stage
from tl_core.store import read_state, write_state
from tl_core.store.checkpoints import Checkpoint


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
    for part in ("validation", "test"):
        if len(rows := context.data.split.part(part)):
            figures[part] = _report(context, part, rows)
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


def _report(context: RunContext, part: str, rows: np.ndarray) -> dict[str, Any]:
    phase = context.experiment.phases[-1]
    parts = divide(context.model, context.experiment, phase.frozen)
    data = Part(exported_inputs(context, phase, parts)(rows), context.data.dataset.labels[rows])
    activity = Activity(Stage.EVALUATING, part=part)
    measured = evaluate(forward_pass(parts.tail), data, measure_of(context.spec.head), context.progress, activity)
    items = [context.data.dataset.items[row] for row in rows]
    made = reports.report(measured, context.classes, items, loss_name(context.spec.head))
    write_json(context.run.report / f"{part}.json", made)
    return made
