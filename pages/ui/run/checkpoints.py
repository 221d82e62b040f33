"""The tab Checkpoints: which there are, what to do with each."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_dialogs
from pages.ui.common.run_view import RunView
from pages.ui.markdown import plain
from pages.ui.run import controls
from tl_core import service
from tl_core.errors import LabError
from tl_core.store import RUNNING
from tl_core.store.checkpoints import Checkpoint, kept, removable
from tl_core.text import data_size

SHOWN = 10
"""How many are listed at first; a run may keep a thousand."""


def draw_checkpoints(view: RunView) -> None:
    entries = kept(view.run)
    spare = {entry.epoch for entry in removable(view.run)} if view.status != RUNNING else set()
    _exported(view)
    if not entries:
        st.info("The first checkpoint is written when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    st.caption(
        f"{len(entries)} kept, {data_size(sum(entry.bytes for entry in entries))}: {_which(view)}. "
        "Each holds the trained weights and the state of the optimiser; a .keras file holds the whole network."
    )
    newest_first = tuple(reversed(entries))
    for entry in newest_first if _all_wanted(len(entries)) else _first(newest_first, _shown_epoch(view)):
        _row(view, entry, entry.epoch in spare)


def _which(view: RunView) -> str:
    every = view.spec.train.checkpoint_every if view.spec else None
    if not every:
        return "the best epoch and the latest"
    return "the best epoch, the latest, and " + ("every one" if every == 1 else f"one every {every} epochs")


def _exported(view: RunView) -> None:
    file = view.run.export / "model.keras"
    if not file.exists():
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**Exported** · epoch {view.state.exported_epoch or '?'} · {data_size(file.stat().st_size)}")
        st.download_button(
            ".keras",
            file.read_bytes,
            f"{view.run.id}.keras",
            icon=":material/download:",
            help="The whole network in one file: pixels 0 to 255 in, probabilities out. Plain Keras reads it anywhere.",
            on_click="ignore",
            key="exported_file",
        )


def _all_wanted(count: int) -> bool:
    return count <= SHOWN + 1 or st.toggle(f"Show all {count}", key="all_checkpoints")


def _shown_epoch(view: RunView) -> int | None:
    """The epoch whose figures the page shows."""
    return view.figures.exported.epoch if view.figures else None


def _first(entries: tuple[Checkpoint, ...], best: int | None) -> tuple[Checkpoint, ...]:
    return (*entries[:SHOWN], *(entry for entry in entries[SHOWN:] if entry.epoch == best))


def _row(view: RunView, entry: Checkpoint, spare: bool) -> None:
    best = f" · ★ {view.figures.title.lower()}" if view.figures and entry.epoch == _shown_epoch(view) else ""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"checkpoint_{entry.epoch}"):
        st.markdown(f"**Epoch {entry.epoch}** · {plain(entry.phase)} · {data_size(entry.bytes)}{best}")
        navigation.link("predict", "Predict with it", run=view.run.id, epoch=str(entry.epoch))
        controls.fork_link(view, entry.epoch)
        _download(view, entry)
        if spare and st.button(
            "Delete", icon=":material/delete:", key=f"delete_{entry.epoch}", help="Asks first.", type="tertiary"
        ):
            run_dialogs.open_delete_checkpoint(view.page, view.run.models, view.run.id, entry.epoch)
            st.rerun()


def _download(view: RunView, entry: Checkpoint) -> None:
    """Two steps: the network has to be built before it can be downloaded, and that can fail."""
    made, slot = f"exported_{view.run.id}_{entry.epoch}", st.empty()
    if made not in st.session_state and slot.button(
        "Make .keras",
        icon=":material/deployed_code:",
        key=f"make_{entry.epoch}",
        help="Builds the whole network with these weights. Takes some seconds.",
        type="tertiary",
    ):
        _make(view, entry, made)
    if made in st.session_state and (file := Path(st.session_state[made])).exists():
        slot.download_button(
            f".keras, {data_size(file.stat().st_size)}",
            file.read_bytes,
            f"{view.run.id}-epoch-{entry.epoch}.keras",
            icon=":material/download:",
            on_click="ignore",
            key=f"download_{entry.epoch}",
        )


def _make(view: RunView, entry: Checkpoint, made: str) -> None:
    try:
        with st.spinner("Building the network"):
            st.session_state[made] = str(service.exported(view.run.models, view.run.id, entry.epoch))
    except LabError as error:
        st.error(plain(str(error)))
