"""The list of runs: a row for each, read from its folder and kept until its files change."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pages.ui.common.run_view import in_run, read_epochs
from pages.ui.common.settings_text import changed_settings
from pages.ui.tables.sparkline import Sparkline, sparkline
from tl_core import store
from tl_core.data.sources import short_name
from tl_core.errors import BadInput, Damaged
from tl_core.experiment.naming import RunName, fork_text, labels
from tl_core.experiment.resolve import resolve
from tl_core.files import DAMAGE, TEMPORARY
from tl_core.records import ForkOrigin, Progress, RunState
from tl_core.store import (
    QUEUED,
    RUNNING,
    Epochs,
    Run,
    RunFigures,
    queue,
    read_notes,
    read_progress,
    read_spec,
    read_state,
    run_figures,
    runs,
    seconds_left,
    title_of,
)
from tl_core.text import local_time

UNREADABLE = "unreadable"
"""The status shown for a folder whose files are damaged."""


@dataclass(frozen=True)
class Row:
    """One run. What is not known (yet) is None or empty.

    Attributes:
        created: In this machine's own time.
        settings: Those that differ from the defaults, besides dataset, backbone and freeze depth.
        epoch, epochs: Those done, and those the run will have.
        figures: At its exported epoch and now; None before its first own epoch.
        origin: Of a fork: "fork of X at epoch 3".
        curve: Its losses, epoch by epoch.
        seconds: What the run has taken so far.
        place: In the queue, from 1.
        progress: What it is doing now; None if no process trains it.
        left: Seconds it will still take.
        name: What it is called by among others; None if its files are damaged.
        forked_from: Of a fork: the run it continues, and from which epoch.
    """

    id: str
    title: str
    status: str
    message: str = ""
    created: datetime | None = None
    dataset: str = ""
    backbone: str = ""
    freeze: str = ""
    settings: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    epoch: int = 0
    epochs: int | None = None
    figures: RunFigures | None = None
    origin: str = ""
    curve: Sparkline | None = None
    seconds: float | None = None
    place: int | None = None
    progress: Progress | None = None
    left: float | None = None
    name: RunName | None = field(default=None, compare=False, repr=False)
    forked_from: ForkOrigin | None = None


def rows(models: Path) -> tuple[Row, ...]:
    """All runs, the newest first. A run whose files are damaged has a row that says so."""
    changed = _changed(models)
    places = {run.id: place for place, run in enumerate(queue.waiting(models), 1)}
    return tuple(_row(run, changed.get(run.id), places.get(run.id)) for run in _listed(models, frozenset(changed)))


def run_of(models: Path, run_id: str) -> Run:
    """The run of a row, which is known to exist."""
    return Run(models / "runs" / run_id)


def _changed(models: Path) -> dict[str, int]:
    """When the folder of each run changed last: its files are replaced, and new metrics are followed by a new state."""
    # One look at each of a thousand runs, every second; paths would be most of the work.
    try:
        with os.scandir(models / "runs") as entries:
            found = [(entry.name, _time(entry)) for entry in entries if not entry.name.startswith(TEMPORARY)]
    except FileNotFoundError:
        return {}
    return {name: time for name, time in found if time is not None}


def _time(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_mtime_ns
    except FileNotFoundError:  # Deleted meanwhile.
        return None


def _listed(models: Path, names: frozenset[str]) -> tuple[Run, ...]:
    """All runs in order, found again only where folders came or went: neither a run's place nor its spec ever changes."""
    listed = _ordered(models, names)
    if len(listed) < len(names):  # One is no run yet.
        _ordered.cache_clear()
    return listed


@lru_cache(maxsize=4)
def _ordered(models: Path, _names: frozenset[str]) -> tuple[Run, ...]:
    return tuple(runs(models))


def _row(run: Run, changed: int | None, place: int | None) -> Row:
    row = _kept(run, changed, place is not None)
    # What its process does tells no file of the run: it can die, and says twice a second how far it is.
    if row.status == RUNNING or (row.status == QUEUED and place is None):
        row = _read(run)
    return replace(row, place=place) if place is not None and row.status == QUEUED else row


@lru_cache(maxsize=20_000)
def _kept(run: Run, *_: Any) -> Row:
    return _read(run)


def _read(run: Run) -> Row:
    try:
        return _whole(run)
    except BadInput as error:
        said = in_run(run, str(error))
    except DAMAGE as error:  # No file alone is damaged, but what they say together makes no sense.
        said = f"Its files do not belong together ({type(error).__name__}: {error})."
    return Row(run.id, title_of(run), UNREADABLE, said)


def _whole(run: Run) -> Row:
    state, spec, epochs, notes = read_state(run), read_spec(run), read_epochs(run), read_notes(run)
    if state.damage:
        raise Damaged.of("", state.damage)
    name, origin, figures = store.name_of(run, spec, state, notes), _origin(state), run_figures(spec, state, epochs)
    return Row(
        id=run.id,
        title=name.title,
        name=name,
        status=state.status,
        message=state.message,
        created=local_time(state.created),
        dataset=short_name(spec.data.source),
        backbone=spec.backbone.name,
        freeze=spec.backbone.freeze,
        settings=", ".join(filter(None, [origin, changed_settings(spec)])),
        tags=notes.tags,
        notes=notes.text,
        epoch=len(epochs),
        epochs=state.epochs or resolve(spec).epochs,
        origin=origin,
        forked_from=state.forked_from,
        curve=_curve(epochs, figures),
        seconds=state.seconds,
        figures=figures,
        **_now(run, state, epochs),
    )


def _origin(state: RunState) -> str:
    came = state.forked_from
    return fork_text(came.title, came.epoch) if came else ""


def _now(run: Run, state: RunState, epochs: Epochs) -> dict[str, Any]:
    """What a run is doing now, if a process trains it."""
    if state.status != RUNNING:
        return {}
    progress = read_progress(run)
    return {"progress": progress, "left": seconds_left(state, epochs, progress)}


def _curve(epochs: Epochs, figures: RunFigures | None) -> Sparkline | None:
    numbers = epochs.column("epoch").tolist()
    starred = numbers.index(figures.exported.epoch) if figures else None
    return sparkline(epochs.column("train_eval_loss").tolist(), epochs.column("val_loss").tolist(), starred)


def labels_of(shown: Iterable[Row]) -> Mapping[str, str]:
    """What each of several rows that stand together is called, by id: see `tl_core.experiment.naming.labels`."""
    return labels(tuple(row.name or RunName(row.id, row.title) for row in shown))


def all_tags(shown: Sequence[Row]) -> list[str]:
    """Every tag that a run has, in alphabetical order."""
    return sorted({tag for row in shown for tag in row.tags}, key=str.lower)
