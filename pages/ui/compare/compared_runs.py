"""The runs that are compared, read from their folders, and what limits the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pages.ui.charts.measures import LOSS_GAP
from pages.ui.charts.series import Named
from pages.ui.charts.traces import Marked
from pages.ui.common.run_view import RunView, read_view
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.naming import RunName
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState
from tl_core.store import Epochs, RunFigures
from tl_core.store.live_changes import LiveChange


@dataclass(frozen=True)
class ComparedRun:
    """One run.

    Attributes:
        name: Tells it apart from all others of the folder.
        known_by: What it is called by among others.
        live_changes: Live changes in force.
    """

    id: str
    name: str
    spec: ExperimentSpec
    state: RunState
    epochs: Epochs
    run: store.Run
    known_by: RunName
    live_changes: tuple[LiveChange, ...] = ()

    def named(self, colour: str = "") -> Named:
        """The run as charts take it."""
        found = self.figures
        best = Marked(found.exported.epoch, found.title) if found else None
        return Named(self.name, self.epochs, self.id, colour, best, self.steps)

    @cached_property
    def steps(self) -> np.ndarray:
        """Optimiser steps up to the end of each epoch; see `store.cumulative_steps`."""
        return store.cumulative_steps(self.run, self.spec, self.state, self.epochs)

    @cached_property
    def figures(self) -> RunFigures | None:
        """At its exported epoch and now; None before its first own epoch."""
        return store.run_figures(self.spec, self.state, self.epochs)

    @property
    def validation(self) -> tuple[Any, ...]:
        return store.validation_images(self.spec, self.state)


def read_runs(models: Path, ids: Sequence[str], called: Mapping[str, str]) -> tuple[list[ComparedRun], list[str]]:
    """The runs of these ids that can be read, and for each other one a sentence that says why not."""
    found: list[ComparedRun] = []
    problems: list[str] = []
    for id in ids:
        try:
            view = read_view(store.get_run(models, id))
        except BadInput as error:
            problems.append(str(error))
            continue
        if view.spec is None or view.damage:
            problems.append(f"{called.get(id, id)}: {' '.join(view.damage)}")
        else:
            found.append(_compared(view, view.spec, called.get(id, id)))
    return found, problems


def _compared(view: RunView, spec: ExperimentSpec, name: str) -> ComparedRun:
    known_by = store.name_of(view.run, spec, view.state, view.notes)
    return ComparedRun(view.run.id, name, spec, view.state, view.records, view.run, known_by, view.live_changes)


def csv_lines(run: ComparedRun) -> Iterator[dict[str, Any]]:
    """A line for each epoch: the run, the optimiser steps up to its end, all metrics, and the gaps between training and validation."""
    for record, steps in zip(run.epochs, run.steps, strict=True):
        losses = record.metrics.get("val_loss"), record.metrics.get("train_eval_loss")
        gaps = {
            "gap": record.gap,
            "loss_gap": None if losses[0] is None or losses[1] is None else losses[0] - losses[1],
            "steps": int(steps) if np.isfinite(steps) else None,
        }
        known = {name: value for name, value in gaps.items() if value is not None}
        yield {"run": run.id, "name": run.name, **record.to_line(), **known}


def comparison_warnings(runs: Sequence[ComparedRun], quantity: str) -> tuple[str, ...]:
    """A sentence for each reason for which the curves cannot be compared as they stand."""
    drawn = [run for run in runs if run.epochs]
    return tuple(filter(None, (_data_warning(drawn), _loss_warning(drawn) if quantity in ("loss", LOSS_GAP) else "")))


def _data_warning(runs: Sequence[ComparedRun]) -> str:
    if len({run.validation[0] for run in runs}) > 1:
        return (
            "These runs were trained on different data and validated on different images: compare the shapes and gaps of their "
            "curves, not their heights."
        )
    if len({run.validation for run in runs}) > 1:
        return (
            "These runs split the same data differently, so they were validated on different images: small differences in "
            "height mean nothing."
        )
    return ""


def _loss_warning(runs: Sequence[ComparedRun]) -> str:
    names = sorted({run.state.loss_name for run in runs})
    if len(names) > 1:
        return f"These runs minimise different losses ({' and '.join(names)}): compare their accuracies instead."
    return ""
