"""Plans of experiments, made from a list of images that is kept between script runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tl_core.data.dataset import ImageDataset
from tl_core.data.folder_names import is_litter
from tl_core.data.prepare import listed
from tl_core.data.sources import SOURCES
from tl_core.errors import BadInput, Problem
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import DataSpec, ExperimentSpec
from tl_core.plan import Plan, plan
from tl_core.plan.inactive_settings import ActivePart, active_part
from tl_core.plan.problems import spec_problems

_KEPT = 4
"""Lists of images kept; one of 100,000 images takes about 50 MB."""

Stamp = tuple[tuple[str, int], ...]


def startable(spec: ExperimentSpec, models: Path) -> ExperimentSpec | None:
    """What of a spec would be trained; None if it cannot be."""
    active, _, made = planned(spec, models)
    return None if made.problems else active.spec


def problems_of(spec: ExperimentSpec, models: Path) -> tuple[Problem, ...]:
    """What keeps a spec from being trained."""
    return planned(spec, models)[2].problems


def dataset_of(data: DataSpec) -> ImageDataset:
    """The images of a data section with their groups, listed again only where the folder changed; raises BadInput as `listed` does."""
    return _listed(data.listing(), _stamp(data.source))


Planned = tuple[ActivePart, ImageDataset | None, Plan]


def planned(spec: ExperimentSpec, models: Path) -> Planned:
    """What of a spec has an effect, its images (None if they cannot be listed), and its plan; never raises."""
    try:
        dataset = dataset_of(spec.data)
    except BadInput as error:
        return unlisted(spec, error.problems)
    active = active_part(spec, dataset)
    return active, dataset, plan(resolve(active.spec), models, dataset)


def unlisted(spec: ExperimentSpec, problems: tuple[Problem, ...]) -> Planned:
    """The same without images, and why there are none."""
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
