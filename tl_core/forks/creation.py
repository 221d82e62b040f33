"""Making a fork: a new run with all it needs of its parent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_bytes
from tl_core.forks.rules import classes_of, continued, problems
from tl_core.records import ForkOrigin
from tl_core.store import run as folders
from tl_core.store.checkpoints import Checkpoint, kept_at, read_manifest, unreadable
from tl_core.store.fork_start import MODEL, Start, inherited, read_weights, start_weights, write_start
from tl_core.store.metrics import append_metrics
from tl_core.store.notes import title_of
from tl_core.store.run import Run
from tl_core.store.state import read_state, write_state

EPOCH = "start.epoch"


def fork(models: Path, run: Run, epoch: int, changes: Mapping[str, Any], title: str = "") -> Run:
    """A new run, not yet trained, that goes on from a kept checkpoint of a run.

    Args:
        changes: Settings by path, over those `continued` gives.
        title: By default "fork of X at epoch N".

    Raises:
        BadInput: for a setting that a fork cannot change, or a checkpoint that is not kept or damaged.
    """
    kept_at(run, epoch, EPOCH)
    return create(models, continued(run, epoch).with_values(changes).anchored(), title)


def create(models: Path, spec: ExperimentSpec, title: str = "") -> Run:
    """Makes the folder of a new run; of a fork, with all it needs of its parent, where the spec's `start` names one. Raises as `fork` does."""
    if not spec.start.run:
        return folders.create(models, spec, title)
    values = weights_for(models, spec)
    parent, epoch = parent_of(models, spec), int(spec.start.epoch or 0)

    def fill(made: Run) -> None:
        start = _start(parent, epoch, values)
        write_start(made, start, values)
        for line in start.lines:
            append_metrics(made, dict(line))
        if spec.data.source == folders.read_spec(parent).data.source:
            _copy_losses(parent, made, epoch)
        came = ForkOrigin(parent.id, epoch, start.title)
        write_state(made, forked_from=came, epoch=epoch, epochs=resolve(spec).epochs)

    return folders.create(models, spec, title or f"fork of {title_of(parent)} at epoch {epoch}", fill)


def weights_for(models: Path, spec: ExperimentSpec) -> dict[str, np.ndarray]:
    """The weights a fork of this spec would begin with, as `start_weights` has them; empty where it is none. Raises as `fork` does."""
    if not spec.start.run:
        return {}
    parent = parent_of(models, spec)
    values = _weights_at(parent, kept_at(parent, int(spec.start.epoch or 0), EPOCH))
    if found := problems(parent, resolve(spec)):
        raise BadInput(found)
    return values


def parent_of(models: Path, spec: ExperimentSpec) -> Run:
    """The run a spec goes on from; raises BadInput where it is gone."""
    run = folders.known(models, spec.start.run)
    if run is None:
        raise BadInput.of("start.run", f"there is no run {spec.start.run!r}", "Choose another, or leave start out.")
    return run


def kept_epoch(run: Run, epoch: int) -> int:
    """The epoch itself where a run keeps its checkpoint; else BadInput, which names those it keeps."""
    return kept_at(run, epoch, EPOCH).epoch


def _weights_at(run: Run, entry: Checkpoint) -> dict[str, np.ndarray]:
    """The weights of a run after an epoch that are not those it was pretrained with: its own start, and over it its checkpoint."""
    values = read_weights(run.checkpoints / entry.file, entry.sha256)
    if values is None:
        raise unreadable(run, entry, EPOCH)
    return {**start_weights(run), **values}


def _start(parent: Run, epoch: int, values: Mapping[str, np.ndarray]) -> Start:
    own = [line for line in read_manifest(parent.checkpoints)["lines"] if line["epoch"] <= epoch]
    lines = tuple({"inherited": parent.id, **line} for line in (*inherited(parent), *own))
    data = read_state(parent).data or ""
    return Start(parent.id, title_of(parent), epoch, "", _backbone(values), data, classes_of(parent), lines)


def _backbone(values: Mapping[str, np.ndarray]) -> str:
    """A name for the weights that are not the head's; empty where there are none."""
    names = sorted(name for name in values if not name.startswith((f"{MODEL}head_", f"{MODEL}classifier/")))
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}{values[name].dtype}{values[name].shape}".encode())
        digest.update(values[name].tobytes())
    return digest.hexdigest()[:20] if names else ""


def _copy_losses(parent: Run, made: Run, epoch: int) -> None:
    """The loss of each validation image in the epochs before, where the parent has them."""
    images = read_state(parent).images.get("validation", 0)
    file, wanted = parent.folder / "val_losses.f32", 4 * images * epoch
    if file.exists() and wanted <= file.stat().st_size:
        with file.open("rb") as opened:
            write_bytes(made.folder / file.name, opened.read(wanted))
