"""Which checkpoints a run keeps, read without Keras, and how one is given up.

checkpoints/manifest.json is the truth: a file it does not name is no checkpoint. engine/training/checkpoints.py writes both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput
from tl_core.files import read_json, write_json
from tl_core.store.run import FINISHED, Run, held
from tl_core.store.state import read_state

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """One entry of the manifest: the state after an epoch. `bytes` is the size of its file."""

    epoch: int
    phase: str
    file: str
    sha256: str
    bytes: int


def kept(run: Run) -> tuple[Checkpoint, ...]:
    """The checkpoints of a run, the earliest first; raises BadInput where the manifest is damaged."""
    return tuple(entries_of(run.checkpoints))


def kept_at(run: Run, epoch: int, path: str = "epoch") -> Checkpoint:
    """The kept checkpoint of an epoch; raises BadInput, about the setting `path`, where there is none, naming those there are."""
    entries = {entry.epoch: entry for entry in kept(run)}
    if epoch not in entries:
        known = ", ".join(map(str, entries))
        remedy = f"Kept are epochs {known}." if known else "The first is written when its first epoch ends."
        raise BadInput.of(path, f"{run.id} keeps no checkpoint of epoch {epoch}", remedy)
    return entries[epoch]


def unreadable(run: Run, entry: Checkpoint, path: str = "epoch") -> BadInput:
    """What is to be said where a checkpoint that was kept could not be read whole."""
    # A run that trains gives up older checkpoints at any moment; what is named but not whole is damaged.
    still_kept = any(entry.sha256 == other.sha256 for other in kept(run))
    why = "is damaged" if still_kept else "was given up just now"
    return BadInput.of(path, f"the checkpoint of epoch {entry.epoch} of {run.id} {why}", "Choose another.")


def best_epoch(run: Run) -> int | None:
    """The best epoch by `train.best`; None before the first checkpoint."""
    return int(read_manifest(run.checkpoints)["best_epoch"]) or None


def removable(run: Run) -> tuple[Checkpoint, ...]:
    """The checkpoints that `remove` would take: neither the best, nor the latest of a run that can still go on."""
    needed = _needed(run)
    return tuple(entry for entry in kept(run) if entry.epoch not in needed)


def remove(run: Run, epoch: int) -> int:
    """Removes the checkpoint of an epoch and returns the bytes that are free now.

    Raises:
        BadInput: where there is none, the run still needs it, or a process holds the run.
    """
    with held(run):
        entries = kept(run)
        entry = next((entry for entry in entries if entry.epoch == epoch), None)
        if entry is None:
            known = ", ".join(str(entry.epoch) for entry in entries) or "none"
            raise BadInput.of("epoch", f"{run.id} has no checkpoint of epoch {epoch}", f"Kept: {known}.")
        if why := _needed(run).get(epoch):
            raise BadInput.of("epoch", f"the checkpoint of epoch {epoch} stays: {why}")
        return _remove(run, (entry,))


def remove_all_but_needed(run: Run) -> int:
    """Removes every checkpoint that is `removable` and returns the bytes that are free now; BadInput where the run is held."""
    with held(run):
        return _remove(run, removable(run))


def entries_of(folder: Path) -> list[Checkpoint]:
    """The checkpoints a folder's manifest names, the earliest first; raises BadInput where it is damaged."""
    try:
        return [Checkpoint(**entry) for entry in read_manifest(folder)["entries"]]
    except TypeError as error:
        raise _damaged(folder, error) from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder: `entries`, `best_epoch` (0: none yet) and `lines`, the metrics of all epochs so far."""
    if not (folder / MANIFEST).exists():
        return {"entries": [], "best_epoch": 0, "lines": []}
    found = read_json(folder / MANIFEST)
    if not isinstance(found, dict) or not {"entries", "best_epoch", "lines"} <= found.keys():
        raise _damaged(folder, "an entry is missing")
    return found


def _damaged(folder: Path, what: object) -> BadInput:
    return BadInput.of(str(folder / MANIFEST), f"is damaged ({what})", "Restore it, or delete the run.")


def _needed(run: Run) -> dict[int, str]:
    """The epochs whose checkpoints a run needs, each with why, as the end of a sentence."""
    manifest = read_manifest(run.checkpoints)
    needed = {}
    if manifest["entries"] and read_state(run).status != FINISHED:
        needed[int(manifest["entries"][-1]["epoch"])] = "it is the latest, and the run can still be resumed from it."
    return {**needed, int(manifest["best_epoch"]): "it is the best."}


def _remove(run: Run, gone: Collection[Checkpoint]) -> int:
    folder = run.checkpoints
    if not gone:
        return 0
    names = {entry.file for entry in gone}
    manifest = read_manifest(folder)
    # The manifest first: whatever happens between, it names no file that is not there.
    write_json(
        folder / MANIFEST,
        {**manifest, "entries": [entry for entry in manifest["entries"] if entry["file"] not in names]},
    )
    freed = 0
    for name in names:
        file = folder / name
        freed += file.stat().st_size if file.exists() else 0
        file.unlink(missing_ok=True)
    return freed
