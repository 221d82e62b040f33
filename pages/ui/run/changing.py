"""Settings that are changed while a run trains: a window to ask for them, and what is asked for and in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import address, dialogs
from pages.ui.forms import augmenting, widgets
from pages.ui.run.view import View
from pages.ui.text import plain
from pages.ui.wording import inside, shown
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.phases import SOLVED, phases
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.plan.problems import spec_problems
from tl_core.store import Run, live_changes

KEY, VALUES, OPENED = "change:", "change.values", "change.opened"
_ROWS = {row.path: row for row in PARAMETERS}


def possible(view: View) -> bool:
    """Whether somebody trains the run and goes on doing so for another epoch."""
    trains = view.status == store.RUNNING and view.spec is not None and view.spec.head.classifier not in SOLVED
    return trains and live_changes.has_next_epoch(view.run)


def open_window(view: View) -> None:
    """Has the page ask what to change."""
    _forget()
    dialogs.show(view.page, _window, view.run.models, view.run.id)
    st.rerun()


def draw(view: View) -> None:
    """What was changed, from which epoch on, and what is asked for."""
    if view.spec is None:
        return
    for entry in view.adjustments:
        st.caption(f":material/tune: From epoch {entry.epoch} on: {plain(told(view.spec, entry.values))}.")
    if view.asked:
        when = "too late to count" if view.status == store.FINISHED else "from the next epoch on"
        st.caption(f":material/schedule_send: Asked for, {when}: {plain(told(view.spec, view.asked))}.")


def told(spec: ExperimentSpec, values: Mapping[str, Any]) -> str:
    """Such as "dropout 0.5, augmentations rotation 15"; what is not allowed in a damaged file is said as it stands there."""
    try:
        changed = spec.with_values(values)
    except BadInput:
        return ", ".join(f"{path} {value}" for path, value in values.items())
    return ", ".join(f"{inside(_ROWS[path])} {shown(_ROWS[path], changed.value(path))}" for path in values)


def offered(spec: ExperimentSpec) -> tuple[str, ...]:
    """What can be changed of an experiment; the rate of thawed layers only where some thaw."""
    thaws = any(phase.backbone_rate is not None for phase in phases(spec))
    return tuple(path for path in live_changes.ADJUSTABLE if thaws or path != "train.backbone_learning_rate")


@st.dialog("Change while it trains", icon=":material/tune:", on_dismiss=dialogs.close)
def _window(models: Path, run_id: str) -> None:
    run = Run(models / "runs" / run_id)
    now = live_changes.current_spec(run)
    opened = st.session_state.setdefault(OPENED, _begun(run, now))
    values = st.session_state.setdefault(VALUES, opened)
    for path in offered(now):
        _field(path, values)
    st.html(
        "<style>[data-testid=stWidgetLabelRequired] {display: none}</style>"
    )  # Said of every number, it says nothing.
    st.caption(
        "It counts from the next epoch on, can be taken back until then, and is marked in the curves as a phase of its own. "
        "Layers and freeze depth cannot change while a run trains: fork it for that."
    )
    before = live_changes.asked(run) or {}
    # Of what others asked for or brought into force meanwhile only what was changed here is replaced.
    edited = {path: value for path, value in values.items() if value != opened[path]}
    wanted = changes(now, {**before, **edited})
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="change_no"):
            _done()
        asked = st.button(
            "Change", key="change_yes", type="primary", icon=":material/check:", disabled=wanted == before
        )
    if asked and (refused := _ask(run, now, wanted)):
        st.error("  \n".join(map(plain, refused)))
    elif asked:
        _done()


def changes(now: ExperimentSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those values that are other than what is in force."""
    before = now.flat()
    return {path: value for path, value in values.items() if address.written(value) != address.written(before[path])}


def _begun(run: Run, now: ExperimentSpec) -> dict[str, Any]:
    """What the fields show at first: what is in force, and over it what is asked for already."""
    held = now.with_values(live_changes.asked(run) or {}).flat()
    return {path: held[path] for path in offered(now)}


def _field(path: str, values: Mapping[str, Any]) -> None:
    row, key = _ROWS[path], f"{KEY}{path}"
    if path == "augment":
        augmenting.draw(row, key, lambda: st.session_state[VALUES][path], partial(_put, path))
    else:
        widgets.draw(row, values[path], key, partial(_put, path))


def _put(path: str, value: Any) -> None:
    st.session_state[VALUES] = {**st.session_state[VALUES], path: value}


def _ask(run: Run, now: ExperimentSpec, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Asks for it; gives a sentence for each thing that is not allowed or would do nothing."""
    try:
        known = spec_problems(now)
        if new := [problem for problem in spec_problems(now.with_values(wanted)) if problem not in known]:
            return tuple(map(str, new))
        live_changes.ask(run, wanted)
    except BadInput as error:
        return tuple(str(problem) for problem in error.problems)
    return ()


def _done() -> None:
    _forget()
    dialogs.close()
    st.rerun()


def _forget() -> None:
    for key in [key for key in st.session_state if key in (VALUES, OPENED) or str(key).startswith(KEY)]:
        del st.session_state[key]
