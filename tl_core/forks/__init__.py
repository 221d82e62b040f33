"""Forks: runs that continue from a checkpoint of another run, with other settings.

A fork continues the epoch count: its first epoch is the one after the checkpoint. The optimiser starts anew. `rules` has the settings it may
change, `creation` creates it, `store.fork_start` reads and writes its initial weights.
"""

from tl_core.forks.creation import create, fork, kept_epoch, parent_of, weights_for
from tl_core.forks.rules import continued, fixed_settings, fork_warnings, problems, settings_at

__all__ = [
    "continued",
    "create",
    "fixed_settings",
    "fork",
    "fork_warnings",
    "kept_epoch",
    "parent_of",
    "problems",
    "settings_at",
    "weights_for",
]
