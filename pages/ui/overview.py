"""What the table of runs says of each run, read from the run's folder and kept until its files change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput
from tl_core.phases import total_epochs
from tl_core.store import QUEUED, RUNNING, Run, read_metrics, read_spec, read_state, runs

UNREADABLE = "unreadable"
"""The status shown for a folder whose files are damaged."""

ACTIVE = (QUEUED, RUNNING)
"""What can change without anybody's doing."""

POINTS = 60
"""The most points a small curve is drawn with."""


@dataclass(frozen=True)
class Row:
    """One run. None, or empty, is what is not known (yet).

    Attributes:
        created: Seconds since 1970.
        epoch, epochs: Those done, and those the run will have.
        best_accuracy: The highest validation accuracy so far, 0 to 1, reached first in `best_epoch`.
        gap: Accuracy on training images (inference mode, not augmented) minus validation accuracy, after that epoch.
        val_losses: Validation loss by epoch, thinned out to at most `POINTS` + 1 values.
        seconds: What the run has taken so far.
    """

    id: str
    title: str
    status: str
    message: str = ""
    created: float | None = None
    dataset: str = ""
    backbone: str = ""
    freeze: str = ""
    epoch: int = 0
    epochs: int | None = None
    best_accuracy: float | None = None
    best_epoch: int | None = None
    gap: float | None = None
    val_losses: tuple[float, ...] = ()
    seconds: float | None = None


def rows(models: Path) -> tuple[Row, ...]:
    """All runs, the newest first. A run whose files are damaged has a row that says so."""
    return tuple(_row(run) for run in runs(models))


def is_active(shown: tuple[Row, ...]) -> bool:
    """True where a run waits or trains."""
    return any(row.status in ACTIVE for row in shown)


def _row(run: Run) -> Row:
    kept = _kept(run, *_stamps(run))
    # A process can die without touching a file.
    return _read(run) if kept.status == RUNNING else kept


@lru_cache(maxsize=20_000)
def _kept(run: Run, *_: Any) -> Row:
    return _read(run)


def _stamps(run: Run) -> tuple[tuple[int, int] | None, ...]:
    """What changes whenever the files of a run do."""
    return tuple(_stamp(run.folder / name) for name in ("spec.json", "state.json", "metrics.jsonl"))


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(run: Run) -> Row:
    try:
        return _whole(run)
    except (BadInput, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        said = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        return Row(run.id, run.id, UNREADABLE, f"This run's files are damaged. {said}")


def _whole(run: Run) -> Row:
    state, spec, lines = read_state(run), read_spec(run), read_metrics(run)
    return Row(
        id=run.id,
        title=state.get("title") or run.id,
        status=state["status"],
        message=state.get("message") or "",
        created=state.get("created"),
        dataset=spec.data.source,
        backbone=spec.backbone.name,
        freeze=spec.backbone.freeze,
        epoch=len(lines),
        epochs=state.get("epochs") or total_epochs(spec),
        val_losses=_thinned([line["val_loss"] for line in lines]),
        seconds=state.get("seconds"),
        **_best(lines),
    )


def _best(lines: list[dict[str, Any]]) -> dict[str, Any]:
    if not lines:
        return {}
    best = max(lines, key=lambda line: line["val_accuracy"])
    gap = best["clean_accuracy"] - best["val_accuracy"]
    return {"best_accuracy": best["val_accuracy"], "best_epoch": best["epoch"], "gap": gap}


def _thinned(values: list[float]) -> tuple[float, ...]:
    """Every so many values, always with the last."""
    step = -(-len(values) // POINTS) or 1
    kept = values[::step]
    return tuple(kept if (len(values) - 1) % step == 0 else [*kept, values[-1]])
