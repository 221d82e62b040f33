"""Which network predicts: the exported one or a kept checkpoint of a run, both in the address (`/predict?run=ID&epoch=N`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_list
from pages.ui.common.run_view import in_run
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core import sentences, store
from tl_core.errors import BadInput, Damaged
from tl_core.store import Run, classes_of, read_state
from tl_core.store.checkpoints import MANIFEST, Checkpoint, best_epoch, kept
from tl_core.text import data_size

BEST = "best"
"""How the address and the choice of a checkpoint name the exported network, which usually is that of the best epoch."""

RUN, EPOCH = "predict_run", "predict_epoch"

CLASSES_SHOWN = 12

LONGEST = 80
"""Characters of an address that are shown."""


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        epoch: Its checkpoint; None for the exported network.
        content: Changes where the same epoch of the run is trained or exported again.
        title: What people call its run.
        label: Its epoch and size in words.
    """

    run_id: str
    epoch: int | None
    content: str
    title: str = field(compare=False, default="")
    label: str = field(compare=False, default="")

    @property
    def name(self) -> str:
        """As the address has it."""
        return BEST if self.epoch is None else str(self.epoch)


def has_networks(run: Run) -> bool:
    """True if there is a network; fast for a thousand runs."""
    return (run.checkpoints / MANIFEST).exists() or (run.export / "model.keras").exists()


def networks_of(run: Run, title: str) -> tuple[Network, ...]:
    """The networks of a run: the exported one first, then checkpoints, the best first and then the latest.

    Raises:
        BadInput: where its files are damaged.
    """
    best, entries = best_epoch(run), kept(run)
    in_order = sorted(entries, key=lambda entry: (entry.epoch != best, -entry.epoch))
    checkpoints = tuple(_checkpoint(run, entry, entry.epoch == best, title) for entry in in_order)
    return (*_exported(run, title, best), *checkpoints)


def known_classes(run: Run) -> tuple[str, ...]:
    """The classes of a run; empty if they are not known, or not yet."""
    try:
        return classes_of(run)
    except BadInput:
        return ()


def _exported(run: Run, title: str, best: int | None) -> tuple[Network, ...]:
    file = run.export / "model.keras"
    try:
        found = file.stat()
    except FileNotFoundError:
        return ()
    state = read_state(run)
    epoch = state.exported_epoch
    what = {state.epoch: "Last epoch, exported", best: "Best epoch, exported"}.get(epoch, "Exported")
    label = f"{what} (epoch {epoch or '?'}, {data_size(found.st_size)})"
    return (Network(run.id, None, f"{found.st_mtime_ns} {found.st_size}", title, label),)


def _checkpoint(run: Run, entry: Checkpoint, best: bool, title: str) -> Network:
    label = f"Epoch {entry.epoch}{' ★ best' if best else ''} ({entry.phase}, {data_size(entry.bytes)})"
    return Network(run.id, entry.epoch, entry.sha256, title, label)


def choose_network(models: Path) -> Network | None:
    """The chosen network; None if there is none yet, and the page says what to do."""
    rows = {row.id: row for row in run_list.rows(models)}
    asked = st.query_params.get("run", "")
    ready = [run_id for run_id in rows if has_networks(run_list.run_of(models, run_id))]
    options = ready if asked in ready or asked not in rows else [asked, *ready]
    if asked and asked not in rows:
        st.warning(f"There is no run {plain(asked[:LONGEST])}; it may have been deleted.", icon=":material/search_off:")
    if not options:
        _nothing_yet(rows)
        return None
    called = run_list.labels_of([rows[run_id] for run_id in options])
    with st.grid(2, min_column_width=300, key="predict_network"):
        chosen = _choose_run(options, asked, {run_id: _label(rows[run_id], called[run_id]) for run_id in options})
        network = _choose_checkpoint(models, chosen, called[chosen])
    if network:
        _about(models, chosen)
    return network


def into_address() -> None:
    """Puts the choice into the address, so that a link to this page is a link to this network."""
    epoch = st.session_state.get(EPOCH, BEST)
    chosen = {"run": st.session_state[RUN], "epoch": epoch}
    st.query_params.from_dict(chosen if epoch != BEST else {"run": chosen["run"]})


def _choose_run(options: list[str], asked: str, labels: Mapping[str, str]) -> str:
    # The address decides; without one, what was chosen here before, and at first the newest.
    if asked in options:
        st.session_state[RUN] = asked
    elif st.session_state.get(RUN) not in options:
        st.session_state[RUN] = options[0]
    return st.selectbox(
        "Run",
        options,
        key=RUN,
        format_func=lambda run_id: labels.get(run_id, run_id),
        on_change=_run_chosen,
        help="Runs that keep a checkpoint, the newest first, with the accuracy of their exported epoch on validation images and its 95 % interval. "
        "Your images stay when you choose another run, so you can compare two runs on one photo.",
    )


def _run_chosen() -> None:
    st.session_state.pop(EPOCH, None)
    into_address()


def _choose_checkpoint(models: Path, run_id: str, title: str) -> Network | None:
    """The checkpoint of a run."""
    run = run_list.run_of(models, run_id)
    try:
        found = {network.name: network for network in networks_of(run, title)}
    except BadInput as error:
        st.error(plain(in_run(run, str(error))), title="This run's checkpoints cannot be read.")
        return None
    if not found:
        _no_checkpoint_yet(run)
        return None
    name = _choose_epoch(found)
    return found[name]


def _choose_epoch(found: Mapping[str, Network]) -> str:
    asked = st.query_params.get("epoch", "")
    st.session_state[EPOCH] = asked if asked in found else next(iter(found))
    name: str = st.selectbox(
        "Checkpoint",
        list(found),
        key=EPOCH,
        format_func=lambda name: found[name].label if name in found else name,
        on_change=into_address,
        help="The weights after that epoch. A run exports its best epoch, or its last if Restore best is off.",
    )
    if asked and asked not in found:
        st.warning(f"This run has no checkpoint {plain(asked[:LONGEST])}; another one is selected.")
    return name


def _label(row: run_list.Row, name: str) -> str:
    found = row.figures
    accuracy = f"{found.exported.accuracy.text} (epoch {found.exported.epoch})" if found else "no epoch yet"
    return " · ".join([name, *filter(None, [row.dataset, accuracy])])


def _about(models: Path, run_id: str) -> None:
    classes = known_classes(run_list.run_of(models, run_id))
    if not classes:
        return
    shown = ", ".join(classes[:CLASSES_SHOWN]) + (", …" if len(classes) > CLASSES_SHOWN else "")
    st.caption(
        f"Distinguishes {len(classes)} classes: {plain(shown)}. "
        "It always answers with one of these, even if the image shows something else."
    )


def _nothing_yet(rows: Mapping[str, run_list.Row]) -> None:
    if rows:
        said = "No run has a checkpoint yet. A run writes its first checkpoint after its first epoch."
        st.info(said, icon=":material/hourglass_empty:")
        navigation.link("runs", "Show the runs")
    else:
        st.info("There is no network yet. Train one first; it takes a minute or two.", icon=":material/info:")
        navigation.link("train", "Train the first one")
    _wait(None)


def _doing(run: store.Run) -> str:
    try:
        moment = store.read_progress(run)
    except Damaged:  # Written twice a second: the next one is whole.
        return ""
    return f" Now: {plain(sentences.progress_title(moment.activity, moment.done, moment.total))}." if moment else ""


def _no_checkpoint_yet(run: store.Run) -> None:
    status = store.read_state(run).status
    said = {
        store.RUNNING: "It is running and writes its first checkpoint after the first epoch; this page will then show it.",
        store.QUEUED: "It is queued and writes its first checkpoint after the first epoch.",
    }.get(status, f"It is {status}. Resume it on its page, or choose another run.")
    now = _doing(run) if status == store.RUNNING else ""
    st.info(f"No checkpoint yet. {said}{now}", icon=":material/hourglass_empty:")
    navigation.link("run", "Open the run", run=run.id)
    _wait(run)


@st.fragment(key="predict_wait")
def _wait(run: store.Run | None) -> None:
    """Draws nothing; brings the page back when a first checkpoint is written."""
    try:
        follow(key="predict_follow", run=run.id if run else None)
    except BadInput:  # Deleted meanwhile.
        st.rerun()
    models = run.models if run else store.models_folder()
    if any(has_networks(one) for one in ([run] if run else store.runs(models))):
        st.rerun()
