"""The way from a checkpoint to a fork of it: a link to the Train page, filled with what is left of the run."""

from __future__ import annotations

from pages.ui import places
from pages.ui.address import train_params
from pages.ui.run.view import View, reading
from tl_core.errors import BadInput
from tl_core.experiment.phases import SOLVED
from tl_core.store import checkpoints, forks

ICON = ":material/fork_right:"

HELP = (
    "A new run that goes on from the weights of this epoch with settings of your choice: thaw more, lower the rate, add dropout. "
    "This run stays as it is."
)


def possible(view: View) -> bool:
    """Whether the run can be forked: classifiers that are solved at once cannot."""
    return view.spec is not None and view.spec.head.classifier not in SOLVED


def link(view: View, epoch: int, label: str = "Fork …") -> None:
    """Draws nothing for a run that cannot be forked."""
    if not possible(view):
        return
    with reading("spec.json"):
        params = train_params(forks.continued(view.run, epoch))
    places.link("train", label, icon=ICON, help=HELP, **params)


def best_kept(view: View) -> int | None:
    """The best epoch where it is kept, or the latest that is; None before the first checkpoint, and where none can be forked."""
    if not possible(view):
        return None
    try:
        kept = [entry.epoch for entry in checkpoints.kept(view.run)]
    except BadInput:  # The tab of the checkpoints says which file is damaged.
        return None
    return view.best_epoch if view.best_epoch in kept else next(reversed(kept), None)


def from_best(view: View) -> None:
    """The same from the epoch of `best_kept`."""
    epoch = best_kept(view)
    if epoch is None:
        return
    try:
        link(view, epoch)
    except BadInput:  # What is damaged stands above the tabs.
        return
