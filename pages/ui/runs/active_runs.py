"""Runs that train, runs that wait, the worker that takes them, and interrupted runs with a button that resumes them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_actions, status_text
from pages.ui.common.run_actions import attempt
from pages.ui.common.run_list import Row
from pages.ui.markdown import plain
from pages.ui.runs.toolbar import PAGE
from tl_core.store import INTERRUPTED, QUEUED, RUNNING
from tl_core.supervisor import Worker, workers
from tl_core.text import first_of

SHOWN = 6
"""How many waiting runs have a line; a longer queue is counted."""

ICONS_ALONE = """<style>
.st-key-queue button [data-testid=stMarkdownContainer] {position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)}
</style>"""
"""The buttons of the queue show an icon; their names are for screen readers, which would read the icon's out."""

LONGEST = 60
"""Characters that are shown of a waiting run's settings."""

NAMED = 5
"""Runs that are named, at most."""


def draw_active(models: Path, rows: Sequence[Row]) -> None:
    """Draws what trains and what waits; nothing if nothing does."""
    training = [row for row in rows if row.status == RUNNING]
    waiting = sorted((row for row in rows if row.status == QUEUED and row.place), key=lambda row: row.place or 0)
    alive = [worker for worker in workers(models) if worker.kind == "training"]
    if training or waiting:
        with st.container(border=True, key="now"):
            for row in training:
                _draw_training(models, row)
            if waiting:
                _queue(models, waiting)
    if waiting and not alive:
        _no_worker()
    else:
        st.caption(worker_line(alive))


def worker_line(alive: Sequence[Worker]) -> str:
    """What the training workers do, in one line."""
    if not alive:
        return "No training worker is loaded; one starts with the dashboard."
    said = {"starting": "is loading", "idle": "is ready", "training": "is training"}
    return " · ".join(f"The training worker ({worker.device}) {said[worker.state]}." for worker in alive)


def _draw_training(models: Path, row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        navigation.link("run", plain(row.title), run=row.id)
        st.progress(status_text.share_done(row.epoch, row.epochs, row.progress), text=status_text.progress_text(row))
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop_{row.id}",
            help="Stops after the current batch. You can resume it.",
            on_click=attempt,
            args=(PAGE, run_actions.stop, models, (row.id,)),
        )


def _queue(models: Path, waiting: Sequence[Row]) -> None:
    st.markdown(f"**Waiting** · {len(waiting)}")
    st.html(ICONS_ALONE)
    with st.container(gap=None, key="queue"):
        for row in waiting[:SHOWN]:
            _draw_waiting(models, row, first=row is waiting[0], last=row is waiting[-1])
    if len(waiting) > SHOWN:
        st.caption(f"… and {len(waiting) - SHOWN} more; the table shows their places.")


def _draw_waiting(models: Path, row: Row, first: bool, last: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        about = textwrap.shorten(", ".join(filter(None, [row.dataset, row.settings])), LONGEST, placeholder=" …")
        resumed = f" · continues after epoch {row.epoch}" if row.epoch else ""
        st.markdown(f"{row.place}\\. **{plain(row.title)}** :gray[{plain(about + resumed)}]", width="stretch")
        _small("Earlier", ":material/arrow_upward:", f"up_{row.id}", first, (run_actions.move, models, row.id, -1))
        _small("Later", ":material/arrow_downward:", f"down_{row.id}", last, (run_actions.move, models, row.id, 1))
        _small(
            "Remove from the queue",
            ":material/close:",
            f"cancel_{row.id}",
            False,
            (run_actions.cancel, models, (row.id,)),
        )


def _small(name: str, icon: str, key: str, disabled: bool, args: tuple[object, ...]) -> None:
    st.button(
        name, icon=icon, key=key, help=name, disabled=disabled, type="tertiary", on_click=attempt, args=(PAGE, *args)
    )


def _no_worker() -> None:
    st.warning(
        "Runs are waiting, but no training worker is loaded. The dashboard starts one within seconds; if this message stays, "
        "read the worker's log on the Settings page, or restart TL Lab. The queue is kept.",
        icon=":material/hourglass_empty:",
    )


def draw_interrupted(models: Path, every: Sequence[Row]) -> None:
    """Draws nothing if no run was interrupted."""
    broken = [row for row in reversed(every) if row.status == INTERRUPTED]
    if not broken:
        return
    ids = tuple(row.id for row in broken)
    with st.container(horizontal=True, vertical_alignment="center", key="interrupted"):
        st.warning(interrupted_text(broken), icon=":material/power_off:")
        st.button(
            "Resume it" if len(ids) == 1 else f"Resume all {len(ids)}",
            icon=":material/play_arrow:",
            key="resume_interrupted",
            help="Adds them to the queue, the oldest first. Each continues exactly from its last checkpoint.",
            on_click=lambda: run_actions.attempt(PAGE, run_actions.resume, models, ids),
        )


def interrupted_text(broken: Sequence[Row]) -> str:
    """Which runs were interrupted, as Markdown; for a single one also why."""
    if len(broken) == 1:
        return f"**{plain(broken[0].title)}** was interrupted. {plain(broken[0].message)}".rstrip()
    return f"{len(broken)} runs were interrupted: {first_of([plain(row.title) for row in broken], NAMED)}."
