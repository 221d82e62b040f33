"""What goes on at this moment: runs that train, runs that wait, and the worker that takes them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui import places
from pages.ui.problems import noted
from pages.ui.runs import actions, words
from pages.ui.runs.overview import Row
from pages.ui.runs.toolbar import PAGE
from pages.ui.text import plain
from tl_core.store import QUEUED, RUNNING
from tl_core.supervisor import Worker, workers

SHOWN = 6
"""How many waiting runs have a line; a longer queue is counted."""

ICONS_ALONE = """<style>
.st-key-queue button [data-testid=stMarkdownContainer] {position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)}
</style>"""
"""The buttons of the queue show an icon; their names are for screen readers, which would read the icon's out."""

LONGEST = 60
"""Characters that are shown of a waiting run's settings."""


def draw(models: Path, rows: Sequence[Row]) -> None:
    """Draws what trains and what waits; nothing where nothing does."""
    training = [row for row in rows if row.status == RUNNING]
    waiting = sorted((row for row in rows if row.status == QUEUED and row.place), key=lambda row: row.place or 0)
    alive = [worker for worker in workers(models) if worker.kind == "training"]
    if training or waiting:
        with st.container(border=True, key="now"):
            for row in training:
                _training(models, row)
            if waiting:
                _queue(models, waiting)
    if waiting and not alive:
        _nobody()
    else:
        st.caption(worker_line(alive))


def worker_line(alive: Sequence[Worker]) -> str:
    """What the training workers do, in one line."""
    if not alive:
        return "No training worker is loaded; one starts with the dashboard."
    said = {"starting": "is loading", "idle": "is ready", "training": "is training"}
    return " · ".join(f"The training worker ({worker.device}) {said[worker.state]}." for worker in alive)


def _training(models: Path, row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        places.link("run", plain(row.title), run=row.id)
        st.progress(words.share_done(row.epoch, row.epochs, row.progress), text=words.progress(row))
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop_{row.id}",
            help="Stops after the batch in flight; it can be resumed.",
            on_click=noted,
            args=(PAGE, actions.stop, models, (row.id,)),
        )


def _queue(models: Path, waiting: Sequence[Row]) -> None:
    st.markdown(f"**Waiting** · {len(waiting)}")
    st.html(ICONS_ALONE)
    with st.container(gap=None, key="queue"):
        for row in waiting[:SHOWN]:
            _waiting(models, row, first=row is waiting[0], last=row is waiting[-1])
    if len(waiting) > SHOWN:
        st.caption(f"… and {len(waiting) - SHOWN} more; the table shows their places.")


def _waiting(models: Path, row: Row, first: bool, last: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        about = textwrap.shorten(", ".join(filter(None, [row.dataset, row.settings])), LONGEST, placeholder=" …")
        resumed = f" · goes on after epoch {row.epoch}" if row.epoch else ""
        st.markdown(f"{row.place}\\. **{plain(row.title)}** :gray[{plain(about + resumed)}]", width="stretch")
        _small("Earlier", ":material/arrow_upward:", f"up_{row.id}", first, (actions.move, models, row.id, -1))
        _small("Later", ":material/arrow_downward:", f"down_{row.id}", last, (actions.move, models, row.id, 1))
        _small(
            "Take out of the queue", ":material/close:", f"cancel_{row.id}", False, (actions.cancel, models, (row.id,))
        )


def _small(name: str, icon: str, key: str, disabled: bool, args: tuple[object, ...]) -> None:
    st.button(
        name, icon=icon, key=key, help=name, disabled=disabled, type="tertiary", on_click=noted, args=(PAGE, *args)
    )


def _nobody() -> None:
    st.warning(
        "Runs wait, and no training worker is there to take them. The dashboard starts one within seconds; if this stays, "
        "look at its log on the page Settings, or start TL Lab again. The queue is kept.",
        icon=":material/hourglass_empty:",
    )
