"""The way from a checkpoint to a fork of it: a link to the Train page, filled with what is left of the run."""

from __future__ import annotations

from pages.ui import places
from pages.ui.address import train_params
from pages.ui.run.view import View, reading
from tl_core.errors import BadInput
from tl_core.phases import SOLVED
from tl_core.store import checkpoints, forks

ICON = ":material/fork_right:"

HELP = (
    "A new run that goes on from the weights of this epoch with settings of your choice: thaw more, lower the rate, add dropout. "
    "This run stays as it is."
)


def link(view: View, epoch: int, label: str = "Fork …") -> None:
    """Draws nothing for runs that cannot be forked: classifiers that are solved at once."""
    if view.spec is None or view.spec.head.classifier in SOLVED:
        return
    with reading("spec.json"):
        params = train_params(forks.continued(view.run, epoch))
    places.link("train", label, icon=ICON, help=HELP, **params)


def from_best(view: View) -> None:
    """The same from the best epoch that is kept, or the latest; nothing before the first checkpoint."""
    try:
        kept = [entry.epoch for entry in checkpoints.kept(view.run)]
        if kept:
            link(view, view.best_epoch if view.best_epoch in kept else kept[-1])
    except BadInput:  # The tab of the checkpoints says which file is damaged.
        return
