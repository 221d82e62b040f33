"""The end of a run: its best epoch exported and reported."""

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
from tl_core.engine.training.initial_weights import first_network
from tl_core.engine.training.phase_data import RunContext, exported_inputs
from tl_core.engine.training.restore import restore, signature_of
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.records import Activity, Stage
from tl_core.store import read_state, write_state
from tl_core.store.checkpoints import Checkpoint


def finish(context: RunContext) -> None:
    """Exports an epoch and measures it: validation again, and the test part for the first and only time.

    The epoch is the best, or the last where `stopping.restore_best` is off.
    """
    chosen = _chosen(context)
    if not _holds_all(context, chosen):
        # Its checkpoint holds what had been trained by then; what thawed later must be as it was at the start.
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
    """The checkpoint to export; says in the state where it is not the one that is wanted."""
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
    """True where a checkpoint holds all that the run ever trains: that of its last phase, whatever was changed in it."""
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
