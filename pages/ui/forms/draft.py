"""The experiment that somebody is setting up: kept in the session, followed and written to the page's address.

The draft and not the widgets holds the truth, because Streamlit forgets a widget that is not drawn (on another page, in a folded group).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui import address, places
from pages.ui.forms.building import START, built, owner
from tl_core.errors import Problem
from tl_core.experiment.spec import ExperimentSpec

FIELD = "set:"
"""What the keys of the widgets that show the draft begin with."""

_VALUES, _REFUSED, _ADDRESS, _TOUCHED = "train.values", "train.refused", "train.address", "train.touched"


@dataclass(frozen=True)
class Draft:
    """What the form holds in this run of the page.

    Attributes:
        values: By path, as typed; they may not be allowed.
        spec: The experiment they make, with defaults where they are not allowed.
        problems: What is not allowed.
        refused: What the address or a file asked for and the form does not show, because it is not allowed.
    """

    values: Mapping[str, Any]
    spec: ExperimentSpec
    problems: tuple[Problem, ...]
    refused: tuple[Problem, ...]


def current() -> Draft:
    """The draft; it follows the address where that was changed by anything but this form, and is written to it where the form was."""
    state, params = st.session_state, st.query_params.to_dict()
    arriving = not any(str(key).startswith(FIELD) for key in state)
    # A click can be sent before the address of the change before it has reached the browser: then the form is right.
    touched = state.pop(_TOUCHED, False)
    if arriving and not params and state.get(_ADDRESS):
        places.go("train", **state[_ADDRESS])  # Back from another page by the menu, which names no experiment.
    if _VALUES not in state or not (touched or params == state[_ADDRESS]):
        _fill_from_address(params)
        touched = False
    spec, problems = built(state[_VALUES])
    if touched and (wanted := _params(spec)) != params:
        st.query_params.from_dict(wanted)
        params = wanted
    state[_ADDRESS] = params
    return Draft(state[_VALUES], spec, problems, tuple(state[_REFUSED]))


def fill(spec: ExperimentSpec) -> None:
    """Fills the form with a spec; for callbacks."""
    _replace(spec, ())
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


def reset(*paths: str) -> None:
    """Puts settings back to their defaults; for callbacks."""
    defaults = ExperimentSpec().flat()
    for path in paths:
        put(path, defaults[path])
    _forget_widgets()


def accept() -> None:
    """Takes the form as it is, without what was refused; for callbacks."""
    st.session_state[_REFUSED] = []
    touch()


def touch() -> None:
    """Says that this run of the page comes from a click on it; every widget of the page calls it."""
    st.session_state[_TOUCHED] = True


def forget(path: str) -> None:
    """Has the widgets of one setting drawn anew from the draft; for callbacks."""
    _forget_widgets(f"{FIELD}{path}")


def _fill_from_address(params: Mapping[str, str]) -> None:
    spec, refused = built(address.spec_changes(params)) if params else (START, ())
    _replace(spec, refused)


def _replace(spec: ExperimentSpec, refused: tuple[Problem, ...]) -> None:
    st.session_state[_VALUES] = spec.flat()
    st.session_state[_REFUSED] = list(refused)
    _forget_widgets()


def _forget_widgets(prefix: str = FIELD) -> None:
    for key in [key for key in st.session_state if str(key).startswith(prefix)]:
        del st.session_state[key]


def _params(spec: ExperimentSpec) -> dict[str, str]:
    return {} if spec.digest() == START.digest() else address.train_params(spec)
