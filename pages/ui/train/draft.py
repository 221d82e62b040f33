"""The experiment you are setting up: kept in the session, read from the page's address and written to it.

The draft and not the widgets holds the truth, because Streamlit forgets a widget that is not drawn (on another page, in a folded group).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui import navigation
from pages.ui.common import spec_sharing
from pages.ui.common.settings_text import TITLES, with_titles
from tl_core.errors import BadInput, Problem
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

START = next(iter(PRESETS)).spec()
"""The form without any experiment in the address."""

_PATHS = tuple(row.path for row in PARAMETERS)

FIELD = "set:"
"""What the keys of the widgets that show the draft begin with."""

_VALUES, _REFUSED, _TOUCHED = "train.values", "train.refused", "train.touched"
_ADDRESS = spec_sharing.DRAFT

_PRESET = "train.preset"


def spec_from(
    values: Mapping[str, Any], base: ExperimentSpec | None = None
) -> tuple[ExperimentSpec, tuple[Problem, ...]]:
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
    """Whether a problem belongs to a value: its own, or that of its group (`augment.flip` of `augment`)."""
    whose = owner(path, known)
    return name == whose or (whose is None and name.startswith(f"{path}."))


def _section(path: str) -> str:
    """Where a value that is missing is to be blamed on another: `start` of `start.epoch`."""
    return path.partition(".")[0]


def owner(path: str, known: Iterable[str]) -> str | None:
    """The setting a problem is about: `head.hidden` for "head.hidden.0"; None if it is none of those known."""
    inside = [name for name in known if path == name or path.startswith(f"{name}.")]
    return max(inside, key=len, default=None)


def title_of(path: str) -> str:
    """The title of the setting of a problem; empty if it has no field."""
    return TITLES.get(owner(path, _PATHS) or "", "")


def problems_of_field(problems: Iterable[Problem], path: str) -> tuple[Problem, ...]:
    """The problems that belong to the field of a setting."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) == path)


def problems_without_field(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that belong to no field of the form."""
    return tuple(problem for problem in problems if owner(problem.path, _PATHS) is None)


def problem_text(problem: Problem) -> str:
    """A problem without its path, which its place says."""
    said = f"{problem.message[:1].upper()}{problem.message[1:]}".rstrip(".")
    return with_titles(f"{said}. {problem.remedy}".strip())


@dataclass(frozen=True)
class Draft:
    """What the form holds in this run of the page.

    Attributes:
        values: By path, as typed; they may not be allowed.
        spec: The experiment they make, with defaults where they are not allowed.
        problems: What is not allowed.
        refused: What the address or a file asked for and the form does not show, because it is not allowed.
        preset: The name of the preset that was chosen; None for an experiment that came from elsewhere.
    """

    values: Mapping[str, Any]
    spec: ExperimentSpec
    problems: tuple[Problem, ...]
    refused: tuple[Problem, ...]
    preset: str | None = None


def current() -> Draft:
    """The draft; it follows the address where that was changed by anything but this form, and is written to it where the form was."""
    state, params = st.session_state, st.query_params.to_dict()
    arriving = navigation.arrived()
    if arriving and not params and state.get(_ADDRESS):
        navigation.go("train", **state[_ADDRESS])  # Back from another page by the menu, which names no experiment.
    touched = state.pop(_TOUCHED, False)
    # A click can be sent before the address of the change before it has reached the browser: then the form is right. Not for a link
    # that is opened after such a click has led to another page.
    if _VALUES not in state or (params != state[_ADDRESS] and (arriving or not touched)):
        _fill_from_address(params)
        touched = False
    spec, problems = spec_from(state[_VALUES])
    if touched and (wanted := _params(spec)) != params:
        st.query_params.from_dict(wanted)
        params = wanted
    state[_ADDRESS] = params
    return Draft(state[_VALUES], spec, problems, tuple(state[_REFUSED]), state.get(_PRESET))


def fill(spec: ExperimentSpec, preset: str | None = None) -> None:
    """Fills the form with a spec, and notes the preset that it comes from; for callbacks."""
    _replace(spec, ())
    st.session_state[_PRESET] = preset
    touch()


def put(path: str, value: Any) -> None:
    """Changes one setting; for callbacks."""
    st.session_state[_VALUES] = {**st.session_state[_VALUES], path: value}
    st.session_state[_REFUSED] = [
        problem for problem in st.session_state[_REFUSED] if owner(problem.path, [path]) is None
    ]
    touch()


def values() -> Mapping[str, Any]:
    """What the form holds, for callbacks."""
    held: Mapping[str, Any] = st.session_state[_VALUES]
    return held


def restore(wanted: Mapping[str, Any]) -> None:
    """Puts settings, by path, back to these values, and redraws their fields; for callbacks."""
    for path, value in wanted.items():
        put(path, value)
    _forget_widgets()


def accept() -> None:
    """Takes the form as it is, without what was refused; for callbacks."""
    st.session_state[_REFUSED] = []
    touch()


def touch() -> None:
    """Marks this run of the page as caused by a click on it; every widget of the page calls it."""
    st.session_state[_TOUCHED] = True


def forget(path: str) -> None:
    """Redraws the widgets of a setting from the draft; for callbacks."""
    _forget_widgets(f"{FIELD}{path}")


def _fill_from_address(params: Mapping[str, str]) -> None:
    spec, refused = spec_from(spec_sharing.from_query_params(params)) if params else (START, ())
    _replace(spec, refused)


def _replace(spec: ExperimentSpec, refused: tuple[Problem, ...]) -> None:
    st.session_state[_VALUES] = spec.flat()
    st.session_state[_REFUSED] = list(refused)
    st.session_state[_PRESET] = None
    _forget_widgets()


def _forget_widgets(prefix: str = FIELD) -> None:
    for key in [key for key in st.session_state if str(key).startswith(prefix)]:
        del st.session_state[key]


def _params(spec: ExperimentSpec) -> dict[str, str]:
    return {} if spec.digest() == START.digest() else spec_sharing.to_query_params(spec)
