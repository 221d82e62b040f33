"""The devices of this machine, the worker processes, and what happens to training when the dashboard closes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import streamlit as st

from pages.ui.common.log_tail import last_lines
from pages.ui.common.run_actions import Problems, attempt
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core.devices import devices
from tl_core.supervisor import Worker, settings, workers
from tl_core.supervisor.workers import folder
from tl_core.text import data_size, duration

DOES = {"starting": "is loading", "idle": "is ready", "training": "is training"}

WHEN_CLOSED: dict[settings.WhenClosed, tuple[str, str]] = {
    "stop": ("Stop training", "Runs stop after the current batch; you can resume them from their last checkpoint."),
    "go on": ("Continue training", "The worker trains the whole queue; the next dashboard finds it running."),
}


def draw_devices() -> None:
    """Cores, memory and what trains."""
    memory = psutil.virtual_memory()
    with st.container(horizontal=True):
        st.metric("Cores", os.cpu_count() or 1, border=True, height="stretch")
        st.metric(
            "Memory",
            data_size(memory.total),
            f"{data_size(memory.available)} free",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
    trains = ", ".join(device.title for device in devices())
    st.markdown(
        f"Trains on: **{plain(trains)}**. Each device has one worker, which takes runs from the queue one by one."
    )


@st.fragment(key="settings_workers")
def draw_workers(models: Path) -> None:
    """The worker processes, as they are right now."""
    follow(key="settings_follow")
    alive = workers(models)
    if not alive:
        st.info(
            "No worker is loaded. The dashboard starts one within seconds of its own start.",
            icon=":material/hourglass_empty:",
        )
    for worker in alive:
        st.markdown(worker_text(worker))
    for file in sorted(folder(models).glob("*-*.log")):  # Of all there were, alive or not.
        with st.expander(f"Log of the {file.stem.replace('-', ' worker, ', 1)}", icon=":material/article:"):
            st.code("\n".join(last_lines(file)) or "Nothing yet.", language=None, wrap_lines=True, height=320)


def worker_text(worker: Worker) -> str:
    """A worker in one line of Markdown."""
    does = DOES[worker.state] + (f" {plain(worker.run)}" if worker.run else "")
    since = duration(max(time.time() - worker.since, 0))
    return f"**{worker.kind.capitalize()} worker** ({worker.device}) {does}, for {since} · process {worker.pid} · {data_size(_memory(worker.pid))}"


def _memory(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # Ended meanwhile.
        return None


def draw_when_closed(models: Path) -> None:
    """Draws the choice; a change takes effect at once."""
    now = settings.read(models).when_closed
    st.radio(
        "When the dashboard is closed",
        list(WHEN_CLOSED),
        index=list(WHEN_CLOSED).index(now),
        format_func=lambda choice: WHEN_CLOSED[choice][0],
        captions=[caption for _, caption in WHEN_CLOSED.values()],
        key="when_closed",
        on_change=lambda: attempt("settings", _keep, models, st.session_state["when_closed"]),
        help="Closing the browser never stops a run. This is about the program you started in a terminal.",
    )


def _keep(models: Path, choice: settings.WhenClosed) -> Problems:
    try:
        models.mkdir(parents=True, exist_ok=True)
        settings.write(models, settings.Settings(choice))
    except OSError as error:
        return (f"The setting could not be saved: {error.strerror or error}.",)
    return ()
