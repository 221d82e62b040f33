"""Forks: runs that go on from a checkpoint of another run, with other settings.

runs/<id>/start.json   where it began: the parent and its epoch, the classes, the parent's lines up to there, the checksum of
          start.npz    the weights there: a copy, so that the parent may be deleted

A fork goes on counting: its first epoch is the one after the checkpoint. The optimiser begins anew.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import BadInput
from tl_core.experiment.phases import total_epochs
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json, sha256_of, write_bytes, write_json, write_with
from tl_core.store import run as folders
from tl_core.store.checkpoints import Checkpoint, kept_at, read_manifest, unreadable
from tl_core.store.fork_rules import classes_of, continued, fork_warnings, problems
from tl_core.store.metrics import append_metrics
from tl_core.store.notes import title_of
from tl_core.store.run import Run
from tl_core.store.state import read_state, write_state

__all__ = [
    "Start",
    "continued",
    "create",
    "fork",
    "fork_warnings",
    "inherited",
    "kept_epoch",
    "parent_of",
    "problems",
    "read_start",
    "start_weights",
    "weights_for",
]

WEIGHTS, START = "start.npz", "start.json"
EPOCH = "start.epoch"
_MODEL = "model/"


@dataclass(frozen=True)
class Start:
    """Where a fork began.

    Attributes:
        run, title, epoch: The parent, what it was called then, and the epoch of its checkpoint.
        sha256: Of start.npz.
        backbone: A name for the weights in it that are the backbone's; empty where only a head had trained, so that what is
            frozen is as it was pretrained.
        data: The fingerprint of the images the parent was trained on.
        lines: The metrics of the epochs up to there, each with `inherited`: the run that trained it.
    """

    run: str
    title: str
    epoch: int
    sha256: str
    backbone: str
    data: str
    classes: tuple[str, ...]
    lines: tuple[Mapping[str, Any], ...]


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
        write_with(made.folder / WEIGHTS, lambda file: np.savez(file, **values))  # type: ignore[arg-type]
        start = _start(parent, epoch, sha256_of(made.folder / WEIGHTS), values)
        write_json(made.folder / START, asdict(start))
        for line in start.lines:
            append_metrics(made, dict(line))
        if spec.data.source == folders.read_spec(parent).data.source:
            _copy_losses(parent, made, epoch)
        came = {"run": parent.id, "epoch": epoch, "title": start.title}
        write_state(made, forked_from=came, epoch=epoch, epochs=total_epochs(spec))

    return folders.create(models, spec, title or f"fork of {title_of(parent)} at epoch {epoch}", fill)


def weights_for(models: Path, spec: ExperimentSpec) -> dict[str, np.ndarray]:
    """The weights a fork of this spec would begin with, as `start_weights` has them; empty where it is none. Raises as `fork` does."""
    if not spec.start.run:
        return {}
    parent = parent_of(models, spec)
    values = _weights_at(parent, kept_at(parent, int(spec.start.epoch or 0), EPOCH))
    if found := problems(parent, spec):
        raise BadInput(found)
    return values


def parent_of(models: Path, spec: ExperimentSpec) -> Run:
    """The run a spec goes on from; raises BadInput where it is gone."""
    run = folders.known(models, spec.start.run)
    if run is None:
        raise BadInput.of("start.run", f"there is no run {spec.start.run!r}", "Choose another, or leave start out.")
    return run


def read_start(run: Run) -> Start | None:
    """Where a fork began; None for any other run. Raises BadInput where the file is damaged."""
    file = run.folder / START
    if not file.exists():
        return None
    try:
        values = read_json(file)
        return Start(**{**values, "classes": tuple(values["classes"]), "lines": tuple(values["lines"])})
    except (TypeError, LookupError) as error:
        raise BadInput.of(str(file), f"is damaged ({error})", "Fork the run again.") from None


def inherited(run: Run) -> list[dict[str, Any]]:
    """The lines of the epochs before a fork began, each saying in `inherited` which run trained it; none for any other run."""
    start = read_start(run)
    return [dict(line) for line in start.lines] if start else []


def start_weights(run: Run) -> dict[str, np.ndarray]:
    """The weights a fork begins with, by "model/<the variable's path>"; empty for any other run. Raises BadInput where damaged."""
    start = read_start(run)
    if start is None:
        return {}
    values = _read(run.folder / WEIGHTS, start.sha256)
    if values is None:
        raise BadInput.of(str(run.folder / WEIGHTS), "is damaged or gone", "Fork the run again.")
    return values


def kept_epoch(run: Run, epoch: int) -> int:
    """The epoch itself where a run keeps its checkpoint; else BadInput, which names those it keeps."""
    return kept_at(run, epoch, EPOCH).epoch


def _weights_at(run: Run, entry: Checkpoint) -> dict[str, np.ndarray]:
    """The weights of a run after an epoch that are not those it was pretrained with: its own start, and over it its checkpoint."""
    values = _read(run.checkpoints / entry.file, entry.sha256)
    if values is None:
        raise unreadable(run, entry, EPOCH)
    return {**start_weights(run), **values}


def _read(file: Path, sha256: str) -> dict[str, np.ndarray] | None:
    """What a file holds of the model; None where it is gone or not as it was written."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name.startswith(_MODEL)}


def _start(parent: Run, epoch: int, sha256: str, values: Mapping[str, np.ndarray]) -> Start:
    own = [line for line in read_manifest(parent.checkpoints)["lines"] if line["epoch"] <= epoch]
    lines = tuple({"inherited": parent.id, **line} for line in (*inherited(parent), *own))
    data = str(read_state(parent).get("data", ""))
    return Start(parent.id, title_of(parent), epoch, sha256, _backbone(values), data, classes_of(parent), lines)


def _backbone(values: Mapping[str, np.ndarray]) -> str:
    """A name for the weights that are not the head's; empty where there are none."""
    names = sorted(name for name in values if not name.startswith((f"{_MODEL}head_", f"{_MODEL}classifier/")))
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}{values[name].dtype}{values[name].shape}".encode())
        digest.update(values[name].tobytes())
    return digest.hexdigest()[:20] if names else ""


def _copy_losses(parent: Run, made: Run, epoch: int) -> None:
    """The loss of each validation image in the epochs before, where the parent has them."""
    images = (read_state(parent).get("images") or {}).get("validation", 0)
    file, wanted = parent.folder / "val_losses.f32", 4 * images * epoch
    if file.exists() and wanted <= file.stat().st_size:
        with file.open("rb") as opened:
            write_bytes(made.folder / file.name, opened.read(wanted))
