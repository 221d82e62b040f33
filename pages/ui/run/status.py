"""What a run is doing: a sentence, progress bars, speed, time left, and what its worker uses."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.ui.common import status_text
from pages.ui.common.run_view import ACTIVE, RunView
from pages.ui.common.settings_text import with_titles
from pages.ui.markdown import plain
from tl_core import sentences, store
from tl_core.data.sources import parse
from tl_core.errors import BadInput
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import resolve
from tl_core.metrics import METRICS
from tl_core.plan.problems import spec_problems
from tl_core.records import Progress
from tl_core.store import RunFigures
from tl_core.store.checkpoints import ENDED_EARLY
from tl_core.text import data_size, duration, percent

SILENT = 60
"""Seconds without a word after which a running run is called silent."""

PHASES = {
    "head": "the head trains, the backbone is frozen",
    "solve": "the classifier is computed in one step",
}


def status_sentence(view: RunView, models: Path) -> str:
    """One or two sentences, as plain text."""
    tell = {
        store.QUEUED: lambda: _queued(view, models),
        store.RUNNING: lambda: _running(view),
        store.FINISHED: lambda: _finished(view),
    }.get(view.status, lambda: _ended(view))
    return tell()


def _queued(view: RunView, models: Path) -> str:
    waiting = [run.id for run in store.queue.waiting(models)]
    place = waiting.index(view.run.id) + 1 if view.run.id in waiting else 0
    done = len(view.records)
    if place and store.queue.task_of(view.run) == "export":
        return f"In the queue, to be exported: place {place} of {len(waiting)}."
    then = (
        f"It continues after epoch {done}." if done else "A worker takes the first of the queue as soon as it is free."
    )
    return f"In the queue: place {place} of {len(waiting)}. {then}" if place else "About to start."


def _running(view: RunView) -> str:
    activity = view.progress.activity if view.progress else None
    if activity and activity.epoch:
        doing = sentences.title(replace(activity, epoch=None))
        return f"{doing} epoch {activity.epoch} of {view.epochs}: {_phase(view, activity.epoch)}."
    doing = sentences.title(activity) if activity else "Starting"
    return f"{doing} ({len(view.records)} of {view.epochs} epochs done)."


def _phase(view: RunView, epoch: int) -> str:
    now = next((phase for phase in view.phases if phase.first <= epoch <= phase.last), None)
    return phase_text(now) if now else "training"


def phase_text(phase: Phase) -> str:
    """What trains in a phase: "head and the blocks above block4 train, with settings changed from epoch 7 on"."""
    label = phase.label
    blocks = f"head and the blocks above {phase.frozen} train" if phase.frozen else "every layer trains"
    said = PHASES.get(label.kind) or (blocks if label.stage is None else f"stage {label.stage} of unfreezing: {blocks}")
    return f"{said}, with settings changed from epoch {label.changed_at} on" if label.changed_at else said


def _finished(view: RunView) -> str:
    took = f"Finished after {duration(view.state.seconds)}.{stopped_early(view)}"
    return f"{took}{_exported(view)} {view.message}".strip()


def _exported(view: RunView) -> str:
    """Which epoch is exported, why that one, and its test accuracy; empty if none is."""
    found = view.figures
    if found is None or (view.state.exported_epoch is None and view.status != store.FINISHED):
        return ""
    tested = f"; test accuracy {found.test.text}" if found.test else ""
    return f" Epoch {found.exported.epoch}{_chosen_by(view, found)} is exported{tested}."


def _chosen_by(view: RunView, found: RunFigures) -> str:
    """Why that epoch, between commas; empty where its checkpoint replaces a damaged one, which the message says."""
    best = f"with the {METRICS[view.spec.train.best].best_phrase}" if view.spec else "the best"
    reason = {"best": best, "last": "the last"}.get(found.role)
    return f", {reason}," if reason else ""


def stopped_early(view: RunView) -> str:
    """Why early stopping ended it, and the epochs saved; empty if it ran to its last epoch."""
    early = view.state.stopped_early
    if early is None:
        return ""
    return f" Early stopping ended it after epoch {early.epoch} of {view.epochs}: {early.reason}".rstrip(": ")


def _ended(view: RunView) -> str:
    # What is damaged stands above, in a box of its own.
    obstacle, message = obstacle_of(view), "" if view.state.damage else with_titles(view.message)
    if obstacle:
        return f"{message} It cannot be resumed: {obstacle}".strip()
    done = len(view.records)
    where = f"continues after epoch {done}" if done else "starts from the beginning"
    failure = (
        f" It could not be exported: {with_titles(view.state.export_failure)}" if view.state.export_failure else ""
    )
    return f"{message}{failure}{_exported(view)} Resume {where}.".strip()


def obstacle_of(view: RunView) -> str:
    """Why a run that has ended cannot be resumed; empty if it can."""
    if view.status not in ENDED_EARLY:
        return ""
    if view.spec is None:
        return "its settings (spec.json) cannot be read."
    found = [with_titles(str(problem)) for problem in spec_problems(resolve(view.spec))]
    return " ".join([*found, *_lost_images(view.spec.data.source)])


def _lost_images(source: str) -> list[str]:
    try:
        row, argument = parse(source)
    except BadInput as error:
        return [str(error)]
    lost = row.is_path and not Path(argument).is_dir()
    return [f"the folder of its images, {argument}, is not there."] if lost else []


def draw_activity(view: RunView, models: Path) -> None:
    """What its process does now, in words; nothing for a run that has ended."""
    if view.status not in ACTIVE:
        return
    st.markdown(plain(status_sentence(view, models)))
    now = view.progress
    if now is None:
        return
    st.caption(plain(stage_text(now)))
    if used := usage(now):
        st.caption(plain(used), help="What the process that trains this run uses now.")
    silent = time.time() - now.at
    if silent > SILENT:
        st.warning(
            f"Its process is alive but has reported nothing for {duration(silent)}. A long step can cause that; "
            "if it lasts, stop the run and resume it: at most one epoch is repeated.",
            title="No progress reported",
            icon=":material/hearing_disabled:",
        )


def overall_text(view: RunView) -> str:
    """For example "3 of 10 epochs done · 2 min left"."""
    left = store.seconds_left(view.state, view.records, view.progress)
    said = f"{len(view.records)} of {view.epochs} epochs done"
    return said if left is None else f"{said} · {status_text.time_left(left)}"


def stage_text(now: Progress) -> str:
    """For example "Epoch 3: step 12 of 96 · 321 images/s" or "Decoding images: 120 of 720 · 15 s left"."""
    counted = sentences.progress_title(now.activity, now.done, now.total)
    speed = f" · {now.rate:,.0f} images/s" if now.rate else ""
    ahead = None if now.activity.epoch else store.stage_seconds_left(now)  # Of epochs, the bar above says it.
    return " · ".join(filter(None, [f"{counted}{speed}", status_text.time_left(ahead)]))


def usage(now: Progress) -> str:
    """What the worker uses: processor, memory, graphics memory; only what is known."""
    said = [f"processor {percent(now.cpu / 100, 0)} of one core"] if now.cpu is not None else []
    said += [f"memory {data_size(now.memory)}"] if now.memory is not None else []
    said += [f"graphics memory {data_size(now.gpu_memory)}"] if now.gpu_memory is not None else []
    return "Worker: " + ", ".join(said) if said else ""
