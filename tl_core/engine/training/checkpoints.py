"""Checkpoints that are whole or not there, and say so.

One is a NumPy archive of every variable that training changes; the manifest names each with its SHA-256 and the mark of its epoch in
metrics.jsonl, and is replaced last. So whatever moment a process dies at, the manifest names whole files, and weights, optimiser and
epochs belong together. A flipped bit is noticed, and the checkpoint before is used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import RunFailed
from tl_core.files import TEMPORARY, sha256_of, write_with
from tl_core.records import EpochRecord
from tl_core.store.checkpoints import Checkpoint, Manifest, entries_of, read_manifest, write_manifest
from tl_core.store.epochs import Mark

log = logging.getLogger(__name__)


def save(
    folder: Path,
    variables: Mapping[str, Any],
    record: EpochRecord,
    mark: Mark,
    best_epoch: int,
    keep: int,
    every: int | None = None,
) -> Checkpoint:
    """Writes the state after an epoch; keeps the best epoch's checkpoint, the latest `keep`, and those of every so many epochs.

    Args:
        record, mark: Of the epoch, whose line is in metrics.jsonl.
    """
    epoch = record.epoch
    file = folder / f"epoch-{epoch:04d}.npz"
    values = {name: np.asarray(variable) for name, variable in variables.items()}
    write_with(file, lambda temporary: _write(temporary, values))
    made = Checkpoint(epoch, record.phase, file.name, sha256_of(file), file.stat().st_size, *mark)
    entries = [entry for entry in entries_of(folder) if entry.epoch < epoch] + [made]
    kept = [
        entry
        for entry in entries
        if entry.epoch == best_epoch or entry in entries[-keep:] or (every and entry.epoch % every == 0)
    ]
    write_manifest(folder, Manifest(tuple(kept), best_epoch))
    _remove_others(folder, {entry.file for entry in kept})
    return made


def forget_after(folder: Path, epoch: int) -> None:
    """Takes the checkpoints after an epoch out of the manifest."""
    manifest = read_manifest(folder)
    if any(entry.epoch > epoch for entry in manifest.entries):
        kept = tuple(entry for entry in manifest.entries if entry.epoch <= epoch)
        write_manifest(folder, Manifest(kept, manifest.best_epoch))


def latest_whole(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose file is as it was written; None before the first.

    Raises:
        RunFailed: where there are checkpoints and all are damaged.
    """
    entries = entries_of(folder)
    for entry in reversed(entries):
        if is_whole(folder, entry):
            return entry
        log.warning("The checkpoint of epoch %d is damaged or gone; the one before it is used.", entry.epoch)
    if entries:
        raise RunFailed("Every checkpoint of this run is damaged or gone; start it again.")
    return None


def best_whole(folder: Path) -> Checkpoint:
    """The best epoch's checkpoint; where it is damaged, the newest whole one. Raises RunFailed where there is none."""
    best_epoch = read_manifest(folder).best_epoch
    for entry in entries_of(folder):
        if entry.epoch == best_epoch and is_whole(folder, entry):
            return entry
    log.warning("The checkpoint of the best epoch (%d) is damaged or gone; the newest whole one is used.", best_epoch)
    newest = latest_whole(folder)
    if newest is None:
        raise RunFailed("This run has no checkpoint to export.")
    return newest


def is_whole(folder: Path, entry: Checkpoint) -> bool:
    """True where a checkpoint's file is there with the content it was written with."""
    file = folder / entry.file
    return file.exists() and sha256_of(file) == entry.sha256


def load(folder: Path, entry: Checkpoint) -> dict[str, np.ndarray]:
    """The values in a checkpoint, by name. Raises RunFailed where the file is damaged."""
    if not is_whole(folder, entry):
        raise RunFailed(f"The checkpoint of epoch {entry.epoch} is damaged or gone.")
    with np.load(folder / entry.file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def restore(values: Mapping[str, np.ndarray], variables: Mapping[str, Any]) -> None:
    """Puts saved values into variables; every variable must have one, of its shape (KeyError, ValueError)."""
    for name, variable in variables.items():
        variable.assign(values[name])


def _write(path: Path, values: Mapping[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **values)  # type: ignore[arg-type]


def _remove_others(folder: Path, kept: set[str]) -> None:
    for file in folder.glob("*.npz"):
        if file.name not in kept or file.name.startswith(TEMPORARY):
            file.unlink()
