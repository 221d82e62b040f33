"""What the page knows of a draft: what of it has an effect, and its plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages.ui.common.planning import planned, unlisted
from pages.ui.train.draft import Draft
from pages.ui.train.fork_parent import Parent, parent_of
from tl_core.data.dataset import ImageDataset
from tl_core.data.sources import SOURCES
from tl_core.errors import Problem
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import Plan
from tl_core.plan.inactive_settings import ActivePart

NO_FOLDER = Problem(
    "data.source", "no folder is given yet", "Type the path of a folder with one subfolder of photos per class."
)


@dataclass(frozen=True)
class PlanView:
    """A draft with everything the form shows beside it.

    Attributes:
        active: What of the draft has an effect: only that is planned and trained, the rest waits in the form until it has one.
        dataset: The images; None if they cannot be listed.
        problems: Everything that keeps it from being trained.
        parent: The run that a fork continues from; None for other experiments, and if it cannot be read.
    """

    draft: Draft
    active: ActivePart
    plan: Plan
    dataset: ImageDataset | None
    problems: tuple[Problem, ...]
    models: Path
    parent: Parent | None = None

    @property
    def spec(self) -> ExperimentSpec:
        """What would be trained."""
        return self.active.spec

    @property
    def experiment(self) -> Experiment:
        """The meaning of its spec."""
        return resolve(self.spec)

    def is_changed(self, path: str) -> bool:
        """Whether a setting is not at its default."""
        return bool(self.draft.values[path] != _DEFAULTS[path])

    def is_shown(self, path: str) -> bool:
        """Whether the form shows a setting: not where it has no effect, unless it was changed."""
        return path not in self.active.inactive or self.is_changed(path)

    def locked(self, path: str) -> str:
        """Why a setting cannot be changed now, as a sentence; empty if it can."""
        if path in self.active.inactive:
            return f"No effect now: {self.active.inactive[path].because}."
        if self.parent and path in self.parent.fixed:
            return f"A fork keeps it: {self.parent.fixed[path]}."
        return ""

    def unchanged(self, path: str) -> Any:
        """What a reset puts a setting back to: a fork's to that of its parent, others to the default."""
        return self.parent.spec.flat()[path] if self.parent and self.parent.spec else _DEFAULTS[path]


_DEFAULTS = ExperimentSpec().flat()


def view_of(draft: Draft, models: Path) -> PlanView:
    """The draft with its plan; never raises."""
    # Data that cannot be named would get the plan of the default's images.
    unnamed = any(problem.path == "data.source" for problem in draft.problems)
    active, dataset, made = unlisted(draft.spec, ()) if unnamed else planned(draft.spec, models)
    own = tuple(_in_words(problem, draft) for problem in draft.problems)
    # If a value is invalid, the plan uses its default, and its problems of that field are misleading.
    wrong = {problem.path for problem in own}
    found = (*own, *(problem for problem in made.problems if problem.path not in wrong))
    return PlanView(draft, active, made, dataset, (*draft.refused, *found), models, parent_of(models, draft.spec))


def _in_words(problem: Problem, draft: Draft) -> Problem:
    """The wording of a form, if it differs from the command line's."""
    kind, _, path = str(draft.values["data.source"]).partition(":")
    unnamed = problem.path == "data.source" and SOURCES[kind].is_path and not path
    return NO_FOLDER if unnamed else problem
