"""Sweeps: grid, random and Bayesian search over any settings, as ordinary runs. See docs/sweeps.md.

Importing this package does not import Optuna; advancing or reading a sweep does.
"""

from tl_core.sweeps.advance import advance, advance_queued, go_on, opened, report_epoch, stop
from tl_core.sweeps.combinations import Outlook, outlook
from tl_core.sweeps.folder import (
    Sweep,
    SweepState,
    SweepStatus,
    create,
    delete,
    find_sweep,
    known,
    open_sweeps,
    read_spec,
    read_state,
    stamp,
    sweeps,
    title_of,
    trial_of,
)
from tl_core.sweeps.spec import METHODS, MOST_TRIALS, Axis, Method, Pruning, SweepSpec, read_axes, read_axis

__all__ = [
    "METHODS",
    "MOST_TRIALS",
    "Axis",
    "Method",
    "Outlook",
    "Pruning",
    "Sweep",
    "SweepSpec",
    "SweepState",
    "SweepStatus",
    "advance",
    "advance_queued",
    "create",
    "delete",
    "find_sweep",
    "go_on",
    "known",
    "open_sweeps",
    "opened",
    "outlook",
    "read_axes",
    "read_axis",
    "read_spec",
    "read_state",
    "report_epoch",
    "stamp",
    "stop",
    "sweeps",
    "title_of",
    "trial_of",
]
