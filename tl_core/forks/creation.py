"""Creates forks: new runs with everything they need of their parents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import BadInput
from tl_core.experiment.naming import Origin
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_bytes
from tl_core.forks.rules import continued, problems
from tl_core.records import ForkOrigin
from tl_core.store import run as folders
from tl_core.store.checkpoints import Checkpoint, kept_at, records_at, unreadable
from tl_core.store.epochs import FILE, lines_of
from tl_core.store.fork_start import MODEL, Start, inherited, read_weights, start_weights, write_start
from tl_core.store.image_keys import copy_image_keys
from tl_core.store.notes import title_of
from tl_core.store.outputs import copy_outputs
from tl_core.store.run import Run, classes_of
from tl_core.store.state import read_state, write_state

EPOCH = "start.epoch"


def fork(models: Path, run: Run, epoch: int, changes: Mapping[str, Any], title: str = "") -> Run:
    """A new run, not yet trained, that continues from a kept checkpoint of a run.

    Args:
        changes: Settings by path that differ from those of `continued`.
        title: By default what it changes, and its parent: "Dropout 0.5 (fork of X at epoch 7)".

    Raises:
        BadInput: a setting that a fork cannot change, or a checkpoint that is not kept or damaged.
    """
    kept_at(run, epoch, EPOCH)
    return create(models, continued(run, epoch).with_values(changes).anchored(), title)


def create(models: Path, spec: ExperimentSpec, title: str = "", besides: Callable[[Run], object] | None = None) -> Run:
    """Creates the folder of a new run; if the spec's `start` names a parent, with everything a fork needs. Raises: see `fork`.

    Args:
        besides: Adds files to the folder before the run becomes visible.
    """
    if not spec.start.run:
        return folders.create(models, spec, title, besides)
    values = weights_for(models, spec)
    parent, epoch = parent_of(models, spec), int(spec.start.epoch or 0)

    def fill(made: Run) -> None:
        start = _start(parent, epoch, values)
        write_start(made, start, values)
        write_bytes(made.folder / FILE, lines_of(start.records))
        if spec.data.source == folders.read_spec(parent).data.source:
            copy_outputs(parent, made, epoch)
            copy_image_keys(parent, made)
        came = ForkOrigin(parent.id, epoch, start.title)
        if besides is not None:
            besides(made)
        write_state(made, forked_from=came, epoch=epoch, epochs=resolve(spec).epochs)

    return folders.create(models, spec, title, fill, Origin(title_of(parent), epoch, continued(parent, epoch)))


def weights_for(models: Path, spec: ExperimentSpec) -> dict[str, np.ndarray]:
    """The initial weights of a fork of this spec, as in `start_weights`; empty if it is not a fork. Raises: see `fork`."""
    if not spec.start.run:
        return {}
    parent = parent_of(models, spec)
    values = _weights_at(parent, kept_at(parent, int(spec.start.epoch or 0), EPOCH))
    if found := problems(parent, resolve(spec)):
        raise BadInput(found)
    return values


def parent_of(models: Path, spec: ExperimentSpec) -> Run:
    """The parent of a spec; raises BadInput if it was deleted."""
    run = folders.known(models, spec.start.run)
    if run is None:
        raise BadInput.of("start.run", f"there is no run {spec.start.run!r}", "Choose another, or remove start.")
    return run


def kept_epoch(run: Run, epoch: int) -> int:
    """The epoch, if the run keeps its checkpoint; otherwise raises BadInput with the kept ones."""
    return kept_at(run, epoch, EPOCH).epoch


def _weights_at(run: Run, entry: Checkpoint) -> dict[str, np.ndarray]:
    """The weights of a run after an epoch that differ from the pretrained ones: its own initial weights, updated by its checkpoint."""
    values = read_weights(run.checkpoints / entry.file, entry.sha256)
    if values is None:
        raise unreadable(run, entry, EPOCH)
    return {**start_weights(run), **values}


def _start(parent: Run, epoch: int, values: Mapping[str, np.ndarray]) -> Start:
    found = records_at(parent, kept_at(parent, epoch, EPOCH), inherited(parent))
    records = tuple(replace(record, inherited_from=record.inherited_from or parent.id) for record in found)
    data = read_state(parent).data or ""
    return Start(
        parent.id, title_of(parent), epoch, "", _backbone(values), data, classes_of(parent, "start.run"), records
    )


def _backbone(values: Mapping[str, np.ndarray]) -> str:
    """A hash of the weights that are not the head's; empty if there are none."""
    names = sorted(name for name in values if not name.startswith((f"{MODEL}head_", f"{MODEL}classifier/")))
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}{values[name].dtype}{values[name].shape}".encode())
        digest.update(values[name].tobytes())
    return digest.hexdigest()[:20] if names else ""
