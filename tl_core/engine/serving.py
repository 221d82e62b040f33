"""Networks of runs, kept ready for the next picture."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tl_core.engine.results import export
from tl_core.engine.results.prediction import Predictor
from tl_core.engine.training.restore import network_at
from tl_core.errors import BadInput
from tl_core.files import read_json
from tl_core.store import FAILED, QUEUED, RUNNING, Run, read_state
from tl_core.store.checkpoints import kept, kept_at

READY = 3
"""Networks that stay in memory; people compare two."""

MOST_BUILT = 40
"""Each network that is built leaves about 34 MB behind."""


def predictor(run: Run, epoch: int | None) -> Predictor:
    """The network of a kept checkpoint, or of the exported best epoch (None), ready to classify.

    Raises:
        BadInput: where it is not there, saying what to do.
        RunFailed: where the pretrained weights cannot be had.
    """
    return _ready(run, epoch, _content(run, epoch))


def exported(run: Run, epoch: int | None, cache: Path) -> Path:
    """The `.keras` file of a kept checkpoint, or of the exported best epoch (None); written into the cache where it is missing.

    Raises as `predictor` does.
    """
    content = _content(run, epoch)
    if epoch is None:
        return run.export / export.MODEL
    folder = cache / "exports" / run.id / str(epoch)
    if not _holds(folder, content):
        export.save(*network_at(run, epoch), folder)
    return folder / export.MODEL


def is_worn_out() -> bool:
    """True where so many networks were built that a new process is better."""
    return _ready.cache_info().misses >= MOST_BUILT


@lru_cache(maxsize=READY)
def _ready(run: Run, epoch: int | None, content: str) -> Predictor:
    """Kept by content: the checkpoint of an epoch that was trained again is another."""
    return Predictor.of(run.export) if epoch is None else Predictor.from_logits(*network_at(run, epoch))


def _content(run: Run, epoch: int | None) -> str:
    """The checksum of what is asked for."""
    if epoch is not None:
        return kept_at(run, epoch).sha256
    try:
        return str(read_json(run.export / export.SIGNATURE)["sha256"])
    except OSError:
        raise _not_exported(run) from None


def _holds(folder: Path, checkpoint: str) -> bool:
    try:
        signature = read_json(folder / export.SIGNATURE)
    except (OSError, BadInput):
        return False
    return (folder / export.MODEL).exists() and bool(signature["details"].get("checkpoint") == checkpoint)


def _not_exported(run: Run) -> BadInput:
    status, entries = read_state(run)["status"], kept(run)
    remedy = "Wait until it ends" if status in (QUEUED, RUNNING) else "Resume it"
    if status == FAILED:
        remedy = "Start a new run"
    if entries:
        remedy += f", or choose a checkpoint: epoch {', '.join(str(entry.epoch) for entry in entries)}"
    message = f"{run.id} is {status} and has not exported its best epoch, which is done when a run ends"
    return BadInput.of("run", message, f"{remedy}.")
