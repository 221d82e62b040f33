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
from tl_core.engine.training.material import Work, exported_inputs
from tl_core.engine.training.restoring import restore, signature_of
from tl_core.engine.training.starting import first_network
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.phases import phases
from tl_core.store import read_state, write_state
from tl_core.store.checkpoints import Checkpoint


def finish(work: Work) -> None:
    """Exports an epoch and measures it: validation again, and the test part for the first and only time.

    The epoch is the best, or the last where `stopping.restore_best` is off.
    """
    chosen = _chosen(work)
    if not _holds_all(work, chosen):
        # Its checkpoint holds what had been trained by then; what thawed later must be as it was at the start.
        work = replace(work, model=first_network(work.run, work.spec, work.classes, work.progress))
    restore(work.model, work.run.checkpoints, chosen)
    export.save(work.model, signature_of(work.run, work.spec, work.classes, chosen), work.run.export)
    figures = {}
    for part in ("validation", "test"):
        if len(rows := work.data.split.part(part)):
            figures[part] = _report(work, part, rows)
    test = figures.get("test", {})
    write_state(work.run, exported_epoch=chosen.epoch, test_accuracy=test.get("accuracy"), test_loss=test.get("loss"))


def _chosen(work: Work) -> Checkpoint:
    """The checkpoint to export; says in the state where it is not the one that is wanted."""
    folder, state = work.run.checkpoints, read_state(work.run)
    best = work.spec.stopping.restore_best
    found = checkpoints.best_whole(folder) if best else checkpoints.latest_whole(folder)
    wanted, name = (state["best_epoch"], "the best") if best else (state["epoch"], "the last")
    if found is None:
        raise RunFailed("This run has no checkpoint to export.")
    if found.epoch != wanted:
        message = f"The checkpoint of epoch {wanted}, {name}, was damaged: epoch {found.epoch} is exported."
        write_state(work.run, message=message)
    return found


def _holds_all(work: Work, entry: Checkpoint) -> bool:
    """True where a checkpoint holds all that the run ever trains: that of its last phase, whatever was changed in it."""
    *_, last = phases(work.spec)
    return entry.epoch >= last.first


def _report(work: Work, part: str, rows: np.ndarray) -> dict[str, Any]:
    phase = phases(work.spec)[-1]
    parts = divide(work.model, work.spec, phase.frozen)
    data = Part(exported_inputs(work, phase, parts)(rows), work.data.dataset.labels[rows])
    measured = evaluate(
        forward_pass(parts.tail), data, measure_of(work.spec.head), work.progress, f"Evaluating the {part} part"
    )
    items = [work.data.dataset.items[row] for row in rows]
    made = reports.report(measured, work.classes, items, loss_name(work.spec.head))
    write_json(work.run.report / f"{part}.json", made)
    return made
