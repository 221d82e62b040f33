"""The networks to choose from: the exported one and the kept checkpoints of every run."""

from __future__ import annotations

from dataclasses import dataclass, field

from tl_core.errors import BadInput
from tl_core.store import Run, classes_of, read_state
from tl_core.store.checkpoints import MANIFEST, Checkpoint, best_epoch, kept
from tl_core.text import data_size

BEST = "best"
"""How the address and the choice of a checkpoint name the exported network, which usually is that of the best epoch."""


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        epoch: Its checkpoint; None for the exported network.
        content: Changes where the same epoch of the run is trained or exported again.
        title: What people call its run.
        label: Its epoch and size in words.
    """

    run_id: str
    epoch: int | None
    content: str
    title: str = field(compare=False, default="")
    label: str = field(compare=False, default="")

    @property
    def name(self) -> str:
        """As the address has it."""
        return BEST if self.epoch is None else str(self.epoch)


def has_networks(run: Run) -> bool:
    """True if there is a network; fast for a thousand runs."""
    return (run.checkpoints / MANIFEST).exists() or (run.export / "model.keras").exists()


def networks_of(run: Run, title: str) -> tuple[Network, ...]:
    """The networks of a run: the exported one first, then checkpoints, the best first and then the latest.

    Raises:
        BadInput: where its files are damaged.
    """
    best, entries = best_epoch(run), kept(run)
    in_order = sorted(entries, key=lambda entry: (entry.epoch != best, -entry.epoch))
    checkpoints = tuple(_checkpoint(run, entry, entry.epoch == best, title) for entry in in_order)
    return (*_exported(run, title, best), *checkpoints)


def known_classes(run: Run) -> tuple[str, ...]:
    """The classes of a run; empty if they are not known, or not yet."""
    try:
        return classes_of(run)
    except (OSError, BadInput, LookupError, TypeError):
        return ()


def _exported(run: Run, title: str, best: int | None) -> tuple[Network, ...]:
    file = run.export / "model.keras"
    try:
        found = file.stat()
    except FileNotFoundError:
        return ()
    state = read_state(run)
    epoch = state.exported_epoch
    what = {state.epoch: "Last epoch, exported", best: "Best epoch, exported"}.get(epoch, "Exported")
    label = f"{what} (epoch {epoch or '?'}, {data_size(found.st_size)})"
    return (Network(run.id, None, f"{found.st_mtime_ns} {found.st_size}", title, label),)


def _checkpoint(run: Run, entry: Checkpoint, best: bool, title: str) -> Network:
    label = f"Epoch {entry.epoch}{' ★ best' if best else ''} ({entry.phase}, {data_size(entry.bytes)})"
    return Network(run.id, entry.epoch, entry.sha256, title, label)
