"""The checkpoints of a run, without Keras: listing and removing them.

checkpoints/manifest.json is the authority: a file it does not name is not a checkpoint. engine/training/checkpoints.py writes both. Manifests of
earlier versions held the lines of all epochs instead of marks of metrics.jsonl; they are read, and `upgrade_manifest` replaces them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput
from tl_core.files import read_json, write_bytes, write_json
from tl_core.records import EpochRecord, Status, typed
from tl_core.store.epochs import FILE, Mark, line_of, lines_of, lines_until, records_of
from tl_core.store.run import FAILED, FINISHED, INTERRUPTED, STOPPED, Run, held
from tl_core.store.state import read_state

MANIFEST = "manifest.json"

ENDED_EARLY = (STOPPED, INTERRUPTED, FAILED)
"""The states of runs that ended before their last epoch: they export their best epoch on request."""


@dataclass(frozen=True)
class Checkpoint:
    """One entry of the manifest: the state after an epoch.

    Attributes:
        bytes: The size of its file.
        metrics_bytes, metrics_sha256: The length of metrics.jsonl up to its epoch, and its digest; 0 and empty in manifests of
            earlier versions.
    """

    epoch: int
    phase: str
    file: str
    sha256: str
    bytes: int
    metrics_bytes: int = 0
    metrics_sha256: str = ""

    @property
    def mark(self) -> Mark:
        return Mark(self.metrics_bytes, self.metrics_sha256)


@dataclass(frozen=True)
class Manifest:
    """The content of checkpoints/manifest.json.

    Attributes:
        entries: The checkpoints, earliest first.
        best_epoch: By `train.best`; 0 before the first.
        old_lines: The lines of the run's own epochs, in manifests of earlier versions; otherwise None.
    """

    entries: tuple[Checkpoint, ...] = ()
    best_epoch: int = 0
    old_lines: tuple[EpochRecord, ...] | None = None


def kept(run: Run) -> tuple[Checkpoint, ...]:
    """The checkpoints of a run, earliest first; raises Damaged if the manifest cannot be read."""
    return read_manifest(run.checkpoints).entries


def kept_at(run: Run, epoch: int, path: str = "epoch") -> Checkpoint:
    """The checkpoint of an epoch; raises BadInput at the setting `path` if there is none, listing the kept ones."""
    entries = {entry.epoch: entry for entry in kept(run)}
    if epoch not in entries:
        known = ", ".join(map(str, entries))
        remedy = f"Kept are epochs {known}." if known else "The first is written at the end of its first epoch."
        raise BadInput.of(path, f"{run.id} keeps no checkpoint of epoch {epoch}", remedy)
    return entries[epoch]


def unreadable(run: Run, entry: Checkpoint, path: str = "epoch") -> BadInput:
    """The error for a checkpoint that could not be read."""
    # A running run may remove older checkpoints at any time; one that is still listed is damaged.
    still_kept = any(entry.sha256 == other.sha256 for other in kept(run))
    why = "is damaged" if still_kept else "was just removed"
    return BadInput.of(path, f"the checkpoint of epoch {entry.epoch} of {run.id} {why}", "Choose another.")


def best_epoch(run: Run) -> int | None:
    """The best epoch by `train.best`; None before the first checkpoint."""
    return read_manifest(run.checkpoints).best_epoch or None


def check_exportable(run: Run, status: Status) -> None:
    """Raises BadInput if a run of this status has no best epoch to export, or exports it itself when it ends."""
    if status not in ENDED_EARLY:
        remedy = "Its network is already exported." if status == FINISHED else "Wait until it ends, or stop it first."
        raise BadInput.of("run", f"{run.id} is {status}", remedy)
    if not kept(run):
        raise BadInput.of("run", f"{run.id} keeps no checkpoint to export", "Resume it; the first epoch makes one.")


def removable(run: Run) -> tuple[Checkpoint, ...]:
    """The checkpoints that can be removed: not the best, and not the latest of a run that can be resumed."""
    needed = _needed(run)
    return tuple(entry for entry in kept(run) if entry.epoch not in needed)


def remove(run: Run, epoch: int) -> int:
    """Removes the checkpoint of an epoch and returns the bytes freed.

    Raises:
        BadInput: there is none, the run needs it, or a process trains the run.
    """
    with held(run):
        entries = kept(run)
        entry = next((entry for entry in entries if entry.epoch == epoch), None)
        if entry is None:
            known = ", ".join(str(entry.epoch) for entry in entries) or "none"
            raise BadInput.of("epoch", f"{run.id} has no checkpoint of epoch {epoch}", f"Kept: {known}.")
        if why := _needed(run).get(epoch):
            raise BadInput.of("epoch", f"the checkpoint of epoch {epoch} cannot be removed: {why}")
        return _remove(run, (entry,))


def remove_all_but_needed(run: Run) -> int:
    """Removes all `removable` checkpoints and returns the bytes freed; BadInput if a process trains the run."""
    with held(run):
        return _remove(run, removable(run))


def records_at(run: Run, entry: Checkpoint, inherited: Iterable[EpochRecord]) -> list[EpochRecord]:
    """The epochs up to a checkpoint, including inherited ones; raises BadInput if metrics.jsonl no longer contains them."""
    if (lines := read_manifest(run.checkpoints).old_lines) is not None:
        return [record for record in (*inherited, *lines) if record.epoch <= entry.epoch]
    content = lines_until(run, entry.mark)
    if content is None:
        raise BadInput.of(str(run.folder / FILE), "is damaged", "Restore it, or choose another run.")
    return records_of(content)


def upgrade_manifest(run: Run, inherited: Iterable[EpochRecord]) -> None:
    """Upgrades the manifest of an earlier version, and its metrics.jsonl; does nothing otherwise.

    Args:
        inherited: The inherited epochs of a fork.
    """
    manifest = read_manifest(run.checkpoints)
    if manifest.old_lines is None:
        return
    content = lines_of(inherited)
    marks = {}
    for record in manifest.old_lines:
        content += line_of(record)
        marks[record.epoch] = Mark(len(content), hashlib.sha256(content).hexdigest())
    write_bytes(run.folder / FILE, content)
    entries = (
        replace(entry, metrics_bytes=marks[entry.epoch].bytes, metrics_sha256=marks[entry.epoch].sha256)
        for entry in manifest.entries
        if entry.epoch in marks
    )
    write_manifest(run.checkpoints, Manifest(tuple(entries), manifest.best_epoch))


def entries_of(folder: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints in a folder's manifest, earliest first; raises Damaged if it cannot be read."""
    return read_manifest(folder).entries


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a folder of checkpoints, empty if there is none; raises Damaged if it cannot be read."""
    try:
        return read_json(folder / MANIFEST, _manifest, remedy="Restore it, or delete the run.")
    except FileNotFoundError:
        return Manifest()


def _manifest(values: Any) -> Manifest:
    lines = values.get("lines")
    return Manifest(
        typed(tuple[Checkpoint, ...], values["entries"]),
        typed(int, values["best_epoch"]),
        None if lines is None else tuple(map(EpochRecord.from_line, lines)),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    entries = [asdict(entry) for entry in manifest.entries]
    lines = {} if manifest.old_lines is None else {"lines": [record.to_line() for record in manifest.old_lines]}
    write_json(folder / MANIFEST, {"entries": entries, "best_epoch": manifest.best_epoch, **lines})


def _needed(run: Run) -> dict[int, str]:
    """The epochs whose checkpoints a run needs, with the reason as the end of a sentence."""
    manifest = read_manifest(run.checkpoints)
    needed = {}
    if manifest.entries and read_state(run).status != FINISHED:
        needed[manifest.entries[-1].epoch] = "it is the latest, and the run can still be resumed from it."
    return {**needed, manifest.best_epoch: "it is the best."}


def _remove(run: Run, gone: Collection[Checkpoint]) -> int:
    folder = run.checkpoints
    if not gone:
        return 0
    names = {entry.file for entry in gone}
    manifest = read_manifest(folder)
    # The manifest first, so that it never names a missing file.
    entries = tuple(entry for entry in manifest.entries if entry.file not in names)
    write_manifest(folder, replace(manifest, entries=entries))
    freed = 0
    for name in names:
        file = folder / name
        freed += file.stat().st_size if file.exists() else 0
        file.unlink(missing_ok=True)
    return freed
