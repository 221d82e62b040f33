"""The run that a fork continues from, as its form needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tl_core import forks, store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import checkpoints

CLASSES = "data.source.classes"
"""How many classes the playground has: not a setting of its own, but a part of one."""


@dataclass(frozen=True)
class Parent:
    """The parent of a fork.

    Attributes:
        epochs: Those whose checkpoints it keeps.
        spec: What the fork would be without any change; None if the epoch is not kept.
        fixed: The settings, by path, that the fork cannot change, each with the reason.
    """

    title: str
    epochs: tuple[int, ...]
    spec: ExperimentSpec | None
    fixed: Mapping[str, str]


def parent_of(models: Path, spec: ExperimentSpec) -> Parent | None:
    """The parent of a spec; None if there is none, or it cannot be read."""
    run_id, epoch = spec.start.run, spec.start.epoch
    run = store.known(models, run_id) if run_id else None
    if run is None:
        return None
    try:
        epochs = tuple(entry.epoch for entry in checkpoints.kept(run))
        unchanged = forks.continued(run, epoch) if epoch is not None and epoch in epochs else None
        return Parent(store.title_of(run), epochs, unchanged, _fixed(unchanged) if unchanged else {})
    except BadInput:  # What is wrong with it stands among the problems of the plan.
        return None


def _fixed(unchanged: ExperimentSpec) -> dict[str, str]:
    return {
        **forks.fixed_settings(unchanged),
        CLASSES: "the classifier of the checkpoint has a unit for each of its classes",
    }
