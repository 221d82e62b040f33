"""What a run that shows overfitting offers next: the same with its cure, both in one chart."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui import navigation
from pages.ui.common.run_view import RunView
from pages.ui.markdown import plain
from tl_core import forks, store
from tl_core.errors import BadInput
from tl_core.experiment.presets import cured
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.wording import setting_text

_PRESSED = "cure"

_GOOD = (store.QUEUED, store.RUNNING, store.FINISHED)


def draw_cure(view: RunView) -> None:
    """Draws nothing for a run that is not finished, or has no cure."""
    healed = cured(view.spec) if view.spec and view.status == store.FINISHED else None
    if view.spec is None or healed is None:
        return
    if st.session_state.pop(_PRESSED, None) == view.run.id:
        try:
            navigation.go("compare", runs=f"{view.run.id},{cured_run(view.run, healed).id}")
        except BadInput as error:
            st.error(plain(str(error)), icon=":material/error:")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="cure"):
        st.button(
            "Now cure it",
            type="primary",
            icon=":material/healing:",
            key="cure-it",
            on_click=partial(st.session_state.__setitem__, _PRESSED, view.run.id),
        )
        st.markdown(
            "It fits every training image, the wrong labels among them, while validation loss rises. The cure is the same run with "
            f"**{plain(changes_text(view.spec, healed))}**; the curves of both open in one chart."
        )


def changes_text(spec: ExperimentSpec, healed: ExperimentSpec) -> str:
    """Such as "dropout 0.5, L2 0.01"."""
    before, now = spec.flat(), healed.flat()
    changed = [path for path, value in now.items() if value != before[path]]
    return ", ".join(setting_text(path, healed.value(path)) for path in changed)


def cured_run(run: store.Run, healed: ExperimentSpec) -> store.Run:
    """The run of the cure: one that there is already, or a new one, in the queue. Raises BadInput if it cannot be created."""
    for other in store.runs(run.models):
        try:
            if store.read_spec(other) == healed and store.read_state(other).status in _GOOD:
                return other
        except BadInput:  # Damaged; its own page says so.
            continue
    made = forks.create(run.models, healed)
    store.queue.add(made)
    return made
