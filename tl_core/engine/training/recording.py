"""Records the epochs of a run, and restores them on resume.

For each epoch, its outputs on images are written first, then its line in metrics.jsonl, its checkpoint, and last the manifest, which
has the length and digest of metrics.jsonl for each checkpoint. Whenever a process dies, the manifest lists a checkpoint
whose epochs are intact in metrics.jsonl; later lines are truncated, and their epochs trained again.
"""

from __future__ import annotations

import logging
from typing import Any

from tl_core.engine.training import checkpoints
from tl_core.engine.training.checkpoints import Checkpoint
from tl_core.errors import RunFailed
from tl_core.metrics import of_split
from tl_core.records import EpochRecord, best, rank
from tl_core.store import Run
from tl_core.store.checkpoints import upgrade_manifest
from tl_core.store.epochs import EpochLog, Mark, lines_of, lines_until
from tl_core.store.fork_start import inherited
from tl_core.store.outputs import cut_outputs

log = logging.getLogger(__name__)

DAMAGED = "metrics.jsonl is damaged: it does not match the checkpoints of this run. Restore it, or start a new run."


class History:
    """The epochs of a running run, in memory and on disk.

    Attributes:
        best: The best of the run's own epochs by `train.best`; None before the first.
    """

    def __init__(self, epoch_log: EpochLog, metric: str) -> None:
        self._log, self._metric = epoch_log, metric
        self.best = best(self.records, metric) if self.records else None

    @property
    def records(self) -> list[EpochRecord]:
        """The records of the run's own epochs."""
        return self._log.records

    def append(self, record: EpochRecord) -> Mark:
        """Appends an epoch; returns its mark once its line is synced."""
        mark = self._log.append(record)
        if self.best is None or rank(record, self._metric) < rank(self.best, self._metric):
            self.best = record
        return mark


def taken_up(run: Run, metric: str) -> History:
    """The epochs up to the newest undamaged checkpoint; truncates the run's files to it.

    The file of a fork begins with its parent's epochs; they are not in the history, since a fork has no checkpoints of them.

    Raises:
        RunFailed: there are checkpoints, but none can be resumed.
    """
    before = inherited(run)
    upgrade_manifest(run, before)
    latest, content = _newest(run)
    if latest is None:
        content = lines_of(before)
    epochs = EpochLog(run, content)
    done = latest.epoch if latest else len(before)
    checkpoints.forget_after(run.checkpoints, done)
    cut_outputs(run, done)
    return History(epochs, metric)


def _newest(run: Run) -> tuple[Checkpoint | None, bytes]:
    """The newest undamaged checkpoint whose epochs are in metrics.jsonl, with the lines up to it."""
    for entry in checkpoints.undamaged(run.checkpoints):
        if (content := lines_until(run, entry.mark)) is not None:
            return entry, content
        log.warning("metrics.jsonl does not match the checkpoint of epoch %d.", entry.epoch)
    if not checkpoints.entries_of(run.checkpoints):
        return None, b""
    raise RunFailed(DAMAGED)


def best_values(record: EpochRecord) -> dict[str, Any]:
    """The fields of the best epoch in a run's state: its number and its validation metrics."""
    names = [row.name for row in of_split("val")]
    found = {name: record.metrics[name] for name in names if name in record.metrics}
    return {"best_epoch": record.epoch, "best_metrics": found}
