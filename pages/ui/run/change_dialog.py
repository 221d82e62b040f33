"""Settings that are changed while a run trains: the dialog, and what is in force and asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.common import augmentation_fields, param_widgets, run_dialogs, run_list, spec_sharing
from pages.ui.common.run_view import RunView
from pages.ui.common.settings_text import changes_text
from pages.ui.markdown import plain
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.wording import PARAMS
from tl_core.plan.problems import spec_problems
from tl_core.store import Run, live_changes

KEY, VALUES, OPENED = "change:", "change.values", "change.opened"


def can_change(view: RunView) -> bool:
    """Whether a process trains the run and will do so for another epoch."""
    trains = view.status == store.RUNNING and view.spec is not None and not view.spec.head.solved
    return trains and live_changes.has_next_epoch(view.run)


def open_change_dialog(view: RunView) -> None:
    """Opens the dialog for live changes."""
    _forget()
    run_dialogs.open_dialog(view.page, _dialog, view.run.models, view.run.id)
    st.rerun()


def draw_changes(view: RunView) -> None:
    """Live changes in force with their first epoch, and requested ones."""
    if view.spec is None:
        return
    for entry in view.live_changes:
        st.caption(f":material/tune: From epoch {entry.epoch} on: {plain(changes_text(view.spec, entry.values))}.")
    if view.asked:
        when = "too late to take effect" if view.status == store.FINISHED else "from the next epoch on"
        st.caption(f":material/schedule_send: Requested, {when}: {plain(changes_text(view.spec, view.asked))}.")


def offered(spec: ExperimentSpec) -> tuple[str, ...]:
    """What can be changed of an experiment; the rate of thawed layers only where some thaw."""
    thaws = any(phase.backbone_rate is not None for phase in resolve(spec).phases)
    return tuple(path for path in live_changes.ADJUSTABLE if thaws or path != "train.backbone_learning_rate")


@st.dialog("Change during training", icon=":material/tune:", on_dismiss=run_dialogs.close)
def _dialog(models: Path, run_id: str) -> None:
    run = run_list.run_of(models, run_id)
    now = live_changes.current_spec(run)
    opened = st.session_state.setdefault(OPENED, _begun(run, now))
    values = st.session_state.setdefault(VALUES, opened)
    for path in offered(now):
        _field(path, values)
    st.html("<style>[data-testid=stWidgetLabelRequired] {display: none}</style>")  # At every number it would be noise.
    st.caption(
        "Changes take effect from the next epoch, can be undone until then, and are marked in the curves as a phase of their own. "
        "Layers and freeze depth cannot change during training: fork the run instead."
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
    return {
        path: value
        for path, value in values.items()
        if spec_sharing.value_as_text(value) != spec_sharing.value_as_text(before[path])
    }


def _begun(run: Run, now: ExperimentSpec) -> dict[str, Any]:
    """Initial values of the fields: the settings in force, updated by requested changes."""
    held = now.with_values(live_changes.asked(run) or {}).flat()
    return {path: held[path] for path in offered(now)}


def _field(path: str, values: Mapping[str, Any]) -> None:
    row, key = PARAMS[path], f"{KEY}{path}"
    if path == "augment":
        augmentation_fields.draw_augmentations(row, key, lambda: st.session_state[VALUES][path], partial(_put, path))
    else:
        param_widgets.draw_param(row, values[path], key, partial(_put, path))


def _put(path: str, value: Any) -> None:
    st.session_state[VALUES] = {**st.session_state[VALUES], path: value}


def _ask(run: Run, now: ExperimentSpec, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Asks for it; gives a sentence for each thing that is not allowed or would do nothing."""
    try:
        known = spec_problems(resolve(now))
        if new := [problem for problem in spec_problems(resolve(now.with_values(wanted))) if problem not in known]:
            return tuple(map(str, new))
        live_changes.ask(run, wanted)
    except BadInput as error:
        return tuple(str(problem) for problem in error.problems)
    return ()


def _done() -> None:
    _forget()
    run_dialogs.close()
    st.rerun()


def _forget() -> None:
    for key in [key for key in st.session_state if key in (VALUES, OPENED) or str(key).startswith(KEY)]:
        del st.session_state[key]
