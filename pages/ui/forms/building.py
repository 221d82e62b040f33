"""From the values of a form to a spec, with whatever is wrong found at once rather than one after another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pages.ui.wording import inside
from tl_core.errors import BadInput, Problem
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

START = next(iter(PRESETS)).spec()
"""What somebody who names no experiment begins with."""


def built(values: Mapping[str, Any], base: ExperimentSpec | None = None) -> tuple[ExperimentSpec, tuple[Problem, ...]]:
    """The spec of some values by path, and what is wrong with them; values that are not allowed keep those of `base`."""
    base, left, problems = base or ExperimentSpec(), dict(values), list[Problem]()
    while True:
        try:
            return base.with_values(left), tuple(problems)
        except BadInput as error:
            problems.extend(error.problems)
            wrong = {name for name in left if any(_about(problem.path, name, left) for problem in error.problems)}
            wrong = wrong or {
                name for name in left for problem in error.problems if _section(name) == _section(problem.path)
            }
            left = {path: value for path, value in left.items() if wrong and path not in wrong}


def _about(path: str, name: str, known: Iterable[str]) -> bool:
    """Whether a problem is about a value: its own, or, where there is none, the group's (`augment.flip` of `augment`)."""
    whose = owner(path, known)
    return name == whose or (whose is None and name.startswith(f"{path}."))


def _section(path: str) -> str:
    """Where a value that is missing is to be blamed on another: `start` of `start.epoch`."""
    return path.partition(".")[0]


def owner(path: str, known: Iterable[str]) -> str | None:
    """The setting a problem is about: `head.hidden` for "head.hidden.0"; None where it is none of those known."""
    inside = [name for name in known if path == name or path.startswith(f"{name}.")]
    return max(inside, key=len, default=None)


def title_of(path: str) -> str:
    """What a form calls the setting a problem is about; empty where it has no field."""
    return _TITLES.get(owner(path, _PATHS) or "", "")


def beside(problems: Iterable[Problem], path: str) -> tuple[Problem, ...]:
    """The problems that belong to the field of a setting."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) == path)


def without_field(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that belong to no field of the form."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) is None)


def sentence(problem: Problem) -> str:
    """A problem without its path, which its place says."""
    said = f"{problem.message[:1].upper()}{problem.message[1:]}".rstrip(".")
    return titled(f"{said}. {problem.remedy}".strip())


def titled(text: str) -> str:
    """A text that calls settings what the form calls them: "Image size" for `data.image_size`."""
    return re.sub(r"\b[a-z]+\.[a-z_0-9]+\b", lambda found: _TITLES.get(found[0], found[0]), text)


def with_preset(spec: ExperimentSpec, preset: Preset) -> ExperimentSpec:
    """A preset's recipe on the data of a spec, and from where that starts."""
    return preset.spec().model_copy(update={"data": spec.data, "start": spec.start})


def preset_of(spec: ExperimentSpec) -> Preset | None:
    """The preset that a spec is, whatever its data; None where it is none."""
    return next((preset for preset in PRESETS if with_preset(spec, preset).digest() == spec.digest()), None)


_PATHS = tuple(row.path for row in PARAMETERS)
_TITLES = {row.path: inside(row)[0].upper() + inside(row)[1:] for row in PARAMETERS}
