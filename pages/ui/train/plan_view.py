"""What the page knows of a draft: what of it has an effect, and its plan, made from a list of images that is kept between script runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pages.ui.train.draft import Draft
from pages.ui.train.fork_parent import Parent, parent_of
from tl_core.data.dataset import ImageDataset
from tl_core.data.folder_names import is_litter
from tl_core.data.prepare import listed
from tl_core.data.sources import SOURCES
from tl_core.errors import BadInput, Problem
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import DataSpec, ExperimentSpec
from tl_core.plan import Plan, plan
from tl_core.plan.inactive_settings import ActivePart, active_part
from tl_core.plan.problems import spec_problems

NO_FOLDER = Problem(
    "data.source", "no folder is given yet", "Type the path of a folder with one subfolder of photos per class."
)

_KEPT = 4
"""Lists of images kept; one of 100,000 images takes about 50 MB."""

Stamp = tuple[tuple[str, int], ...]


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
    active, dataset, made = _unlisted(draft.spec, ()) if unnamed else _planned(draft.spec, models)
    own = tuple(_in_words(problem, draft) for problem in draft.problems)
    # If a value is invalid, the plan uses its default, and its problems of that field are misleading.
    wrong = {problem.path for problem in own}
    found = (*own, *(problem for problem in made.problems if problem.path not in wrong))
    return PlanView(draft, active, made, dataset, (*draft.refused, *found), models, parent_of(models, draft.spec))


def startable(spec: ExperimentSpec, models: Path) -> ExperimentSpec | None:
    """What of a spec would be trained; None if it cannot be."""
    active, _, made = _planned(spec, models)
    return None if made.problems else active.spec


def problems_of(spec: ExperimentSpec, models: Path) -> tuple[Problem, ...]:
    """What keeps a spec from being trained."""
    return _planned(spec, models)[2].problems


def dataset_of(data: DataSpec) -> ImageDataset:
    """The images of a data section with their groups, listed again only where the folder changed; raises BadInput as `listed` does."""
    return _listed(data.listing(), _stamp(data.source))


_Planned = tuple[ActivePart, ImageDataset | None, Plan]


def _planned(spec: ExperimentSpec, models: Path) -> _Planned:
    try:
        dataset = dataset_of(spec.data)
    except BadInput as error:
        return _unlisted(spec, error.problems)
    active = active_part(spec, dataset)
    return active, dataset, plan(resolve(active.spec), models, dataset)


def _unlisted(spec: ExperimentSpec, problems: tuple[Problem, ...]) -> _Planned:
    active = active_part(spec)
    return active, None, Plan((*spec_problems(resolve(active.spec)), *problems))


@lru_cache(maxsize=_KEPT)
def _listed(data: DataSpec, _stamp: Stamp) -> ImageDataset:
    return listed(data)


def _stamp(source: str) -> Stamp:
    """Names and times of the folders of a source, three levels deep: an image that comes or goes changes its folder's time."""
    kind, _, path = source.partition(":")
    if not SOURCES[kind].is_path:
        return ()
    try:
        root = Path(path).expanduser().resolve()
        return tuple((str(folder), folder.stat().st_mtime_ns) for folder in _folders(root, depth=3))
    except (OSError, ValueError, RuntimeError):  # Listing it says what is wrong with the path.
        return ()


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    if depth:
        with os.scandir(folder) as entries:
            inside = sorted(
                entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and not is_litter(entry.name)
            )
        for path in inside:
            yield from _folders(Path(path), depth - 1)


def _in_words(problem: Problem, draft: Draft) -> Problem:
    """The wording of a form, if it differs from the command line's."""
    kind, _, path = str(draft.values["data.source"]).partition(":")
    unnamed = problem.path == "data.source" and SOURCES[kind].is_path and not path
    return NO_FOLDER if unnamed else problem
