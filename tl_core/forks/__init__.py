"""Forks: runs that go on from a checkpoint of another run, with other settings.

A fork goes on counting: its first epoch is the one after the checkpoint. The optimiser begins anew. What it may change is in `rules`, how it
is made in `creation`; `store.fork_start` reads and writes what it begins with.
"""

from tl_core.forks.creation import create, fork, kept_epoch, parent_of, weights_for
from tl_core.forks.rules import classes_of, continued, fork_warnings, problems, settings_at

__all__ = [
    "classes_of",
    "continued",
    "create",
    "fork",
    "fork_warnings",
    "kept_epoch",
    "parent_of",
    "problems",
    "settings_at",
    "weights_for",
]
