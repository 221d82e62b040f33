"""What a page shows of one run, read from its folder."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import reading
from tl_core.records import ForkOrigin, Progress, RunState, Status
from tl_core.store import EpochReader, Epochs, Run, RunFigures, live_changes
from tl_core.store.live_changes import LiveChange

ACTIVE = (store.QUEUED, store.RUNNING)

NEEDED = ("train_eval_loss", "train_eval_accuracy", "val_loss", "val_accuracy")
"""The metrics that every epoch has; a classifier that is solved at once has no others but those on validation."""

KEPT = 64
"""Of how many runs the epochs are kept, so that only new ones are read."""


@dataclass(frozen=True)
class RunView:
    """A run. What cannot be read is left at its empty value, and `damage` says so.

    Attributes:
        records: Of its epochs; of a fork, of those before it as well.
        live_changes: Live changes in force.
        asked: Requested live changes not yet in force, by path.
        damage: A sentence for each file that cannot be read.
    """

    run: Run
    title: str
    state: RunState
    spec: ExperimentSpec | None
    records: Epochs
    progress: Progress | None
    damage: tuple[str, ...]
    notes: store.Notes = field(default_factory=store.Notes)
    live_changes: tuple[LiveChange, ...] = ()
    asked: Mapping[str, Any] | None = None

    @property
    def page(self) -> str:
        """The name under which the page of the run keeps its dialog and its problems."""
        return f"run {self.run.id}"

    @property
    def status(self) -> Status:
        return self.state.status

    @property
    def message(self) -> str:
        return self.state.message

    @property
    def epochs(self) -> int:
        """The last epoch of the whole run; 0 where its spec cannot be read."""
        return resolve(self.spec).epochs if self.spec else 0

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Its phases, with live changes; empty if its spec cannot be read."""
        return resolve(self.spec).with_changes(self.live_changes).phases if self.spec else ()

    @property
    def forked_from(self) -> ForkOrigin | None:
        """Of a fork: the run it goes on from."""
        return self.state.forked_from

    @cached_property
    def figures(self) -> RunFigures | None:
        """Its figures at the exported epoch and now; None before its first own epoch."""
        return store.run_figures(self.spec, self.state, self.records)

    @cached_property
    def steps(self) -> np.ndarray | None:
        """Optimiser steps up to the end of each epoch; None if its spec cannot be read."""
        return store.cumulative_steps(self.run, self.spec, self.state, self.records) if self.spec else None


def read_view(run: Run) -> RunView:
    """Reads a run; damaged files are listed in the view and raise nothing."""
    damage: list[str] = []
    spec = progress = asked = None
    records, notes = Epochs(), store.Notes()
    changed: tuple[LiveChange, ...] = ()
    state = store.read_state(run)
    if state.damage:
        damage.append(in_run(run, state.damage))
    with _noted(run, damage):
        spec = store.read_spec(run)
    with _noted(run, damage):
        records = read_epochs(run)
    with _noted(run, damage):
        progress = store.read_progress(run) if state.status in ACTIVE else None
    with _noted(run, damage):
        changed = live_changes.changes_in_force(run)
    with _noted(run, damage):
        asked = live_changes.asked(run)
    with _noted(run, damage):
        notes = store.read_notes(run)
    title = notes.title or state.title or run.id
    return RunView(run, title, state, spec, records, progress, tuple(damage), notes, changed, asked)


def in_run(run: Run, said: str) -> str:
    """What is said of a file, which is named within the folder of its run: pages have no room for whole paths."""
    return said.replace(f"{run.folder}{os.sep}", "")


@contextmanager
def _noted(run: Run, damage: list[str]) -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        damage.append(in_run(run, str(error)))


def read_epochs(run: Run) -> Epochs:
    """The epochs of a run, of which only new ones are read; raises Damaged if one lacks what every epoch has."""
    with reading(run.folder / "metrics.jsonl"):
        epochs = _reader(run).read()
        if any(math.isnan(epochs.column(name).sum()) for name in (*NEEDED, "seconds")):
            raise ValueError("a metric is missing")
    return epochs


@lru_cache(maxsize=KEPT)
def _reader(run: Run) -> EpochReader:
    return EpochReader(run)
