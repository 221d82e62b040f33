"""The status and progress of a run in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pages.ui.common.run_list import UNREADABLE, Row
from tl_core import sentences
from tl_core.records import Progress, Stage
from tl_core.store import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED, stage_seconds_left
from tl_core.text import counted, duration, percent

MARKS = {
    RUNNING: ("▶", "blue"),
    QUEUED: ("○", "gray"),
    FINISHED: ("✓", "green"),
    STOPPED: ("■", "gray"),
    INTERRUPTED: ("◐", "orange"),
    FAILED: ("✕", "red"),
    UNREADABLE: ("?", "red"),
}
"""A symbol and a colour for each status; the word always stands beside them."""

STATUSES = [f"{mark} {status}" for status, (mark, _) in MARKS.items()]


def marked_status(name: str) -> str:
    """A status with its symbol."""
    return f"{MARKS[name][0]} {name}"


def status_counts(shown: Sequence[Row]) -> str:
    """How many runs have which status, as Markdown badges."""
    counts = Counter(row.status for row in shown)
    return " ".join(
        f":{colour}-badge[{mark} {counts[status]} {status}]"
        for status, (mark, colour) in MARKS.items()
        if counts[status]
    )


def progress_text(row: Row) -> str | None:
    """How far a run is: "epoch 4 of 10 · 1 min left", "decoding images 40 % · 15 s left", "place 2 in the queue", "3 of 10 epochs".

    Of one that cannot be read: which file is damaged.
    """
    if row.status == RUNNING:
        ahead = stage_seconds_left(row.progress) if row.left is None and row.progress else row.left
        return " · ".join(filter(None, [_doing(row), time_left(ahead)]))
    if row.status == QUEUED:
        return f"place {row.place} in the queue" if row.place else "about to start"
    if row.status == FINISHED:
        return counted(row.epoch, "epoch")
    if row.status == UNREADABLE:
        return row.message
    return f"{row.epoch} of {counted(row.epochs, 'epoch')}" if row.epochs else None


def time_left(seconds: float | None) -> str:
    """ "1 min left", coarsely rounded; empty if unknown."""
    if seconds is None:
        return ""
    coarse = 60 * round(seconds / 60) if seconds >= 120 else 5 * round(seconds / 5) if seconds > 20 else round(seconds)
    return f"{duration(coarse)} left" if coarse else "almost done"


def share_done(done: int, epochs: int | None, now: Progress | None) -> float:
    """How much of a run is done, 0 to 1: epochs done of those it will have, the one in flight by its part."""
    if not epochs:
        return 0.0
    part = 0.0
    if now and now.activity.epoch == done + 1:  # What is measured after it, has been trained.
        part = stage_share(now) if now.activity.stage == Stage.TRAINING else 1.0
    return min((done + part) / epochs, 1.0)


def stage_share(now: Progress) -> float:
    """How much of the current stage is done: 0 to 1."""
    return min(now.done / now.total, 1.0) if now.total else 0.0


def _doing(row: Row) -> str:
    if row.progress is None:
        return "starting"
    doing = sentences.title(row.progress.activity).lower()
    if row.progress.activity.epoch:
        return f"{doing} of {row.epochs}" if row.epochs else doing
    return doing + (f" {percent(stage_share(row.progress), 0)}" if row.progress.total > 1 else "")
