"""From the values of a form to a spec, with whatever is wrong found at once rather than one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tl_core.errors import BadInput, Problem
from tl_core.presets import PRESETS, Preset
from tl_core.spec import PARAMETERS, ExperimentSpec

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
            wrong = {owner(problem.path, left) for problem in error.problems} & set(left)
            left = {path: value for path, value in left.items() if wrong and path not in wrong}


def owner(path: str, known: Iterable[str]) -> str | None:
    """The setting a problem is about: `head.hidden` for "head.hidden.0"; None where it is none of those known."""
    inside = [name for name in known if path == name or path.startswith(f"{name}.")]
    return max(inside, key=len, default=None)


def title_of(path: str) -> str:
    """What a form calls the setting a problem is about; empty where it has no field."""
    return next((row.title for row in PARAMETERS if row.path == owner(path, _PATHS)), "")


def beside(problems: Iterable[Problem], path: str) -> tuple[Problem, ...]:
    """The problems that belong to the field of a setting."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) == path)


def without_field(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that belong to no field of the form."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) is None)


def sentence(problem: Problem) -> str:
    """A problem without its path, which its place says."""
    said = f"{problem.message[:1].upper()}{problem.message[1:]}".rstrip(".")
    return f"{said}. {problem.remedy}".strip()


def with_preset(spec: ExperimentSpec, preset: Preset) -> ExperimentSpec:
    """A preset's recipe on the data of a spec."""
    return preset.spec().model_copy(update={"data": spec.data})


def preset_of(spec: ExperimentSpec) -> Preset | None:
    """The preset that a spec is, whatever its data; None where it is none."""
    return next((preset for preset in PRESETS if with_preset(spec, preset).digest() == spec.digest()), None)


_PATHS = tuple(row.path for row in PARAMETERS)
