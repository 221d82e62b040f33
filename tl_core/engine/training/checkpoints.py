"""Checkpoints, written atomically and verified by checksum.

A checkpoint is a NumPy archive of every variable that training changes; the manifest lists them with their SHA-256 and the mark of their
epoch in metrics.jsonl, and is replaced last. So whenever a process dies, the manifest lists complete files, and weights, optimiser and
epochs belong together. If a checkpoint is corrupted, the one before is used.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
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
    """Saves the state after an epoch; keeps the checkpoints of the best epoch, the latest `keep`, and every n-th epoch.

    Args:
        record, mark: Of the epoch, whose line is already in metrics.jsonl.
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
    """Removes the checkpoints after an epoch from the manifest."""
    manifest = read_manifest(folder)
    if any(entry.epoch > epoch for entry in manifest.entries):
        kept = tuple(entry for entry in manifest.entries if entry.epoch <= epoch)
        write_manifest(folder, Manifest(kept, manifest.best_epoch))


def undamaged(folder: Path) -> Iterator[Checkpoint]:
    """The undamaged checkpoints, newest first.

    Raises:
        RunFailed: all checkpoints are damaged.
    """
    entries, found = entries_of(folder), False
    for entry in reversed(entries):
        if is_whole(folder, entry):
            found = True
            yield entry
        else:
            log.warning("The checkpoint of epoch %d is damaged or missing; the one before it is used.", entry.epoch)
    if entries and not found:
        raise RunFailed("Every checkpoint of this run is damaged or missing; start a new run.")


def latest_whole(folder: Path) -> Checkpoint | None:
    """The newest undamaged checkpoint; None before the first. Raises RunFailed if all are damaged."""
    return next(undamaged(folder), None)


def best_whole(folder: Path) -> Checkpoint:
    """The checkpoint of the best epoch; if it is damaged, the newest undamaged one. Raises RunFailed if there is none."""
    best_epoch = read_manifest(folder).best_epoch
    for entry in entries_of(folder):
        if entry.epoch == best_epoch and is_whole(folder, entry):
            return entry
    log.warning(
        "The checkpoint of the best epoch (%d) is damaged or missing; the newest undamaged one is used.", best_epoch
    )
    newest = latest_whole(folder)
    if newest is None:
        raise RunFailed("This run has no checkpoint to export.")
    return newest


def is_whole(folder: Path, entry: Checkpoint) -> bool:
    """True if the file of a checkpoint exists and its checksum matches."""
    file = folder / entry.file
    return file.is_file() and sha256_of(file) == entry.sha256


def load(folder: Path, entry: Checkpoint) -> dict[str, np.ndarray]:
    """The values in a checkpoint, by name. Raises RunFailed if the file is damaged."""
    if not is_whole(folder, entry):
        raise RunFailed(f"The checkpoint of epoch {entry.epoch} is damaged or missing.")
    with np.load(folder / entry.file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def restore(values: Mapping[str, np.ndarray], variables: Mapping[str, Any]) -> None:
    """Assigns saved values to variables; each needs a value of its shape (KeyError, ValueError)."""
    for name, variable in variables.items():
        variable.assign(values[name])


def _write(path: Path, values: Mapping[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **values)  # type: ignore[arg-type]


def _remove_others(folder: Path, kept: set[str]) -> None:
    for file in folder.glob("*.npz"):
        if file.name not in kept or file.name.startswith(TEMPORARY):
            file.unlink()
