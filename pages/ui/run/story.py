"""What is going on with a run, in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

from pages.ui.forms.building import titled
from pages.ui.run.view import View
from pages.ui.runs.actions import RESUMABLE
from pages.ui.text import duration, percent
from tl_core import store
from tl_core.data.sources import parse
from tl_core.errors import BadInput
from tl_core.experiment.phases import Phase
from tl_core.plan.problems import spec_problems

SILENT = 60
"""Seconds without a word after which a running run is called silent."""

_BEST_BY = {"val_loss": "the lowest validation loss", "val_accuracy": "the highest validation accuracy"}

PHASES = {
    "head": "the head trains, the backbone is frozen",
    "solve": "the classifier is computed in one step",
}


def story(view: View, models: Path) -> str:
    """One or two sentences, as plain text."""
    tell = {
        store.QUEUED: lambda: _queued(view, models),
        store.RUNNING: lambda: _running(view),
        store.FINISHED: lambda: _finished(view),
    }.get(view.status, lambda: _broken_off(view))
    return tell()


def _queued(view: View, models: Path) -> str:
    waiting = [run.id for run in store.queue.waiting(models)]
    place = waiting.index(view.run.id) + 1 if view.run.id in waiting else 0
    done = len(view.lines)
    then = f"It goes on after epoch {done}." if done else "A worker takes the first of the queue as soon as it is free."
    return f"Waits in the queue: place {place} of {len(waiting)}. {then}" if place else "Waits to be started."


def _running(view: View) -> str:
    what = view.progress.what if view.progress else "Starting"
    if epoch := epoch_in(what):
        doing = "Training" if trains(what) else what.split()[0]
        return f"{doing} epoch {epoch} of {view.epochs}: {_phase(view, epoch)}."
    return f"{what} ({len(view.lines)} of {view.epochs} epochs done)."


def epoch_in(what: str) -> int | None:
    """The epoch a progress is about: 3 for "Epoch 3" and "Measuring epoch 3", None for anything else."""
    found = re.fullmatch(r"\D*epoch (\d+)", what, re.IGNORECASE)
    return int(found[1]) if found else None


def trains(what: str) -> bool:
    """True for the training part of an epoch."""
    return what.startswith("Epoch ")


def _phase(view: View, epoch: int) -> str:
    now = next((phase for phase in view.phases if phase.first <= epoch <= phase.last), None)
    return explained(now) if now else "training"


def explained(phase: Phase) -> str:
    """What trains in a phase: "head and the blocks above block4 train, with settings changed from epoch 7 on"."""
    name, _, since = phase.name.partition(" from ")
    blocks = f"head and the blocks above {phase.frozen} train" if phase.frozen else "every layer trains"
    said = PHASES.get(name) or (blocks if name == "fine-tune" else f"stage {name.split()[-1]} of unfreezing: {blocks}")
    return f"{said}, with settings changed from epoch {since} on" if since else said


def _finished(view: View) -> str:
    best, test = view.state.get("exported_epoch") or view.best_epoch, view.state.get("test_accuracy")
    took = f"Finished after {duration(view.state.get('seconds'))}.{stopped_early(view)}"
    tested = f"; test accuracy {percent(test)}" if test is not None else ""
    exported = f" Epoch {best}, {_chosen_by(view)}, is exported{tested}." if best else ""
    return f"{took}{exported} {view.message}".strip()


def _chosen_by(view: View) -> str:
    if view.spec and not view.spec.stopping.restore_best:
        return "the last"
    return f"with {_BEST_BY[view.spec.train.best]}" if view.spec else "the best"


def stopped_early(view: View) -> str:
    """Why early stopping ended it, and what it saved; empty where it ran to its last epoch."""
    early = view.state.get("stopped_early") or {}
    if not isinstance(early.get("epoch"), int):
        return ""
    return f" Early stopping ended it after epoch {early['epoch']} of {view.epochs}: {early.get('reason', '')}".rstrip(
        ": "
    )


def _broken_off(view: View) -> str:
    obstacle, message = obstacle_of(view), titled(view.message)
    if obstacle:
        happened = re.sub(r"; resume [^.]*", "", message)
        return f"{happened} It cannot be resumed: {obstacle}".strip()
    done = len(view.lines)
    where = f"goes on after epoch {done}" if done else "starts it from the beginning"
    return message if "resume" in message.lower() else f"{message} Resume {where}.".strip()


def obstacle_of(view: View) -> str:
    """Why a run that has ended cannot be resumed; empty where it can."""
    if view.status not in RESUMABLE:
        return ""
    if view.spec is None:
        return "its settings (spec.json) cannot be read."
    found = [titled(str(problem)) for problem in spec_problems(view.spec)]
    return " ".join([*found, *_lost_images(view.spec.data.source)])


def _lost_images(source: str) -> list[str]:
    try:
        row, argument = parse(source)
    except BadInput as error:
        return [str(error)]
    lost = row.is_path and not Path(argument).is_dir()
    return [f"the folder of its images, {argument}, is not there."] if lost else []
