"""What can be done with a run: only what its status allows. A fork starts on the Train page, filled with what is left of the run."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_actions, run_dialogs
from pages.ui.common.run_view import RunView
from pages.ui.common.spec_sharing import to_query_params
from pages.ui.run import change_dialog, seeds
from pages.ui.run.status import obstacle_of
from tl_core import forks, store
from tl_core.diagnosis import anew
from tl_core.errors import BadInput
from tl_core.store import checkpoints

EXPORT = "Export and test"

EXPORT_HELP = (
    "Stop and keep the best: exports the network of the best epoch so far (of the last, if Restore best is off) and evaluates it on the test "
    "images, as the end of training would. The run can still be resumed; it then exports anew when it ends."
)

FORK_ICON = ":material/fork_right:"

FORK_HELP = (
    "A new run that continues from the weights of this epoch with other settings: thaw more, lower the rate, add dropout. "
    "This run does not change."
)

EXPLORE_HELP = "Questions about these settings that are answered in seconds, without a run: how deep, how much regularisation, more images?"


def draw_controls(view: RunView) -> None:
    run = view.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        if change_dialog.can_change(view) and _button("Change during training …", ":material/tune:", "change"):
            change_dialog.open_change_dialog(view)
        if can_export(view):
            _act(view, EXPORT, ":material/deployed_code:", run_actions.export, help=EXPORT_HELP)
        if view.records:
            navigation.link("compare", "Compare with …", runs=run.id)
        if (run.export / "model.keras").exists():
            navigation.link("predict", "Predict with it", run=run.id)
        fork_best_link(view)
        if view.spec and _button("Run again with changes", ":material/replay:", "again"):
            navigation.go("train", **to_query_params(view.spec))
        if view.spec:
            navigation.link("explore", "Explore its settings", help=EXPLORE_HELP, **to_query_params(anew(view.spec)))
        if _button("Title, tags, notes", ":material/edit:", "edit"):
            run_dialogs.open_edit(view.page, run.models, run.id)
            st.rerun()
        seeds.draw_repeat(view)
        if view.status != store.RUNNING and _button("Delete", ":material/delete:", "delete"):
            run_dialogs.open_delete(view.page, run.models, {run.id: view.title}, partial(navigation.go, "runs"))
            st.rerun()


def draw_go_on(view: RunView) -> None:
    """The button that starts or ends work on the run."""
    if view.status == store.RUNNING and store.stop_requested(view.run):
        st.button("Stopping after the current batch", icon="spinner", disabled=True, key="stopping")
    elif view.status == store.RUNNING:
        _act(view, "Stop", ":material/stop:", run_actions.stop, primary=True)
    elif view.status == store.QUEUED:
        _act(view, "Cancel", ":material/close:", run_actions.cancel)
    elif view.status in checkpoints.ENDED_EARLY and not obstacle_of(view):
        _act(view, "Resume", ":material/play_arrow:", run_actions.resume, primary=True)


def _act(
    view: RunView, label: str, icon: str, act: run_actions.Act, *, primary: bool = False, help: str | None = None
) -> None:
    st.button(
        label,
        icon=icon,
        key=label.split(maxsplit=1)[0].lower(),
        help=help,
        type="primary" if primary else "secondary",
        on_click=run_actions.attempt,
        args=(view.page, act, view.run.models, (view.run.id,)),
    )


def _button(label: str, icon: str, key: str) -> bool:
    return st.button(label, icon=icon, key=key)


def can_export(view: RunView) -> bool:
    """Whether the run ended before it could export itself, and keeps a checkpoint that can be."""
    if view.status not in checkpoints.ENDED_EARLY or view.state.exported_epoch is not None or obstacle_of(view):
        return False
    try:
        return bool(checkpoints.kept(view.run))
    except BadInput:  # The tab of the checkpoints says which file is damaged.
        return False


def can_fork(view: RunView) -> bool:
    """Whether the run can be forked: classifiers that are solved at once cannot."""
    return view.spec is not None and not view.spec.head.solved


def fork_link(view: RunView, epoch: int, label: str = "Fork …") -> None:
    """Draws nothing for a run that cannot be forked."""
    if not can_fork(view):
        return
    params = to_query_params(forks.continued(view.run, epoch))
    navigation.link("train", label, icon=FORK_ICON, help=FORK_HELP, **params)


def best_kept(view: RunView) -> int | None:
    """The best epoch if it is kept, otherwise the latest kept one; None before the first checkpoint, or if none can be forked."""
    if not can_fork(view):
        return None
    try:
        best, kept = checkpoints.best_epoch(view.run), [entry.epoch for entry in checkpoints.kept(view.run)]
    except BadInput:  # The tab of the checkpoints says which file is damaged.
        return None
    return best if best in kept else next(reversed(kept), None)


def fork_best_link(view: RunView) -> None:
    """The same from the epoch of `best_kept`."""
    epoch = best_kept(view)
    if epoch is None:
        return
    try:
        fork_link(view, epoch)
    except BadInput:  # What is damaged stands above the tabs.
        return
