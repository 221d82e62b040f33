"""The end of a run: its best epoch exported and reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.results import export, reports
from tl_core.engine.results.measures import loss_name, measure_of
from tl_core.engine.step import forward_pass
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Part, evaluate
from tl_core.engine.training.material import Work, still_inputs
from tl_core.engine.training.restoring import restore, signature_of
from tl_core.files import write_json
from tl_core.phases import phases
from tl_core.store import read_state, write_state


def finish(work: Work) -> None:
    """Exports the best epoch and measures it: validation again, and the test part for the first and only time."""
    best = checkpoints.best_whole(work.run.checkpoints)
    wanted = read_state(work.run)["best_epoch"]
    if best.epoch != wanted:
        write_state(
            work.run,
            message=f"The checkpoint of epoch {wanted}, the best, was damaged: epoch {best.epoch} is exported.",
        )
    if best.phase != phases(work.spec)[-1].name:
        # Its checkpoint holds what had been trained by then; what thawed later must be as it was at the start.
        work = replace(work, model=assemble(work.spec, len(work.classes), work.progress))
    restore(work.model, work.run.checkpoints, best)
    export.save(work.model, signature_of(work.run, work.spec, work.classes, best), work.run.export)
    figures = {}
    for part in ("validation", "test"):
        if len(rows := work.data.split.part(part)):
            figures[part] = _report(work, part, rows)
    test = figures.get("test", {})
    write_state(work.run, exported_epoch=best.epoch, test_accuracy=test.get("accuracy"), test_loss=test.get("loss"))


def _report(work: Work, part: str, rows: np.ndarray) -> dict[str, Any]:
    phase = phases(work.spec)[-1]
    parts = divide(work.model, work.spec, phase.frozen)
    data = Part(still_inputs(work, phase, parts)(rows), work.data.dataset.labels[rows])
    measured = evaluate(
        forward_pass(parts.tail), data, measure_of(work.spec.head), work.progress, f"Evaluating the {part} part"
    )
    items = [work.data.dataset.items[row] for row in rows]
    made = reports.report(measured, work.classes, items, loss_name(work.spec.head))
    write_json(work.run.report / f"{part}.json", made)
    return made
