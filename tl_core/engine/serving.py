"""Keeps networks of runs in memory for predictions."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tl_core.engine.results import export
from tl_core.engine.results.prediction import Predictor
from tl_core.engine.training.weights import network_at
from tl_core.errors import BadInput
from tl_core.files import UNREADABLE, read_json
from tl_core.store import FAILED, QUEUED, RUNNING, Run, read_state
from tl_core.store.checkpoints import kept, kept_at

READY = 3
"""Maximum number of networks in memory."""

MOST_BUILT = 40
"""Maximum number of networks built by a process: each leaks about 34 MB."""


def predictor(run: Run, epoch: int | None) -> Predictor:
    """The network of a checkpoint, or of the exported best epoch (None), ready to classify.

    Raises:
        BadInput: it does not exist; with a remedy.
        RunFailed: the pretrained weights are not available.
    """
    return _ready(run, epoch, _content(run, epoch))


def exported(run: Run, epoch: int | None, cache: Path) -> Path:
    """The `.keras` file of a checkpoint, or of the exported best epoch (None); written to the cache if it is missing.

    Raises: see `predictor`.
    """
    content = _content(run, epoch)
    if epoch is None:
        return run.export / export.MODEL
    folder = cache / "exports" / run.id / str(epoch)
    if not _holds(folder, content):
        export.save(*network_at(run, epoch), folder)
    return folder / export.MODEL


def is_worn_out() -> bool:
    """True if so many networks were built that the process should be replaced."""
    return _ready.cache_info().misses >= MOST_BUILT


@lru_cache(maxsize=READY)
def _ready(run: Run, epoch: int | None, content: str) -> Predictor:
    """Cached by content: an epoch that was trained again has another checkpoint."""
    return Predictor.of(run.export) if epoch is None else Predictor.from_logits(*network_at(run, epoch))


def _content(run: Run, epoch: int | None) -> str:
    """The checksum of the requested network."""
    if epoch is not None:
        return kept_at(run, epoch).sha256
    try:
        return read_json(run.export / export.SIGNATURE, lambda values: str(values["sha256"]))
    except FileNotFoundError:
        raise _not_exported(run) from None


def _holds(folder: Path, checkpoint: str) -> bool:
    try:
        made_of = read_json(folder / export.SIGNATURE, lambda values: values["details"].get("checkpoint"))
    except UNREADABLE:
        return False
    return (folder / export.MODEL).exists() and bool(made_of == checkpoint)


def _not_exported(run: Run) -> BadInput:
    status, entries = read_state(run).status, kept(run)
    remedy = "Wait until it ends" if status in (QUEUED, RUNNING) else "Export it" if entries else "Resume it"
    if status == FAILED and not entries:
        remedy = "Start a new run"
    if entries:
        remedy += f", or choose a checkpoint: epoch {', '.join(str(entry.epoch) for entry in entries)}"
    message = f"{run.id} is {status} and has not exported its best epoch yet, which happens when a run ends"
    return BadInput.of("run", message, f"{remedy}.")
