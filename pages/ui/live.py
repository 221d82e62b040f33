"""Pages that follow the disk: the server tells a page when something changed, so no page asks again and again.

The browser's side is a component that draws nothing and runs its fragment again when the server says so (live.js). The server's side is a
socket on which each open page waits for the disk to change.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

LOOK = 0.25
"""Seconds between two looks at the disk, however many pages are open."""

PAUSE = 0.6
"""Seconds between two answers to one page, at least."""

GONE = "gone"
"""The stamp of a run that does not exist."""

EXPLORATION, SWEEP = "exploration:", "sweep:"
"""Stand before the id of an exploration or a sweep, which no id of a run has."""


@dataclass
class Follower:
    """What a page said it has seen; None while it has been answered and did not say yet what it made of that.

    Attributes:
        run: What it follows: see `stamp`.
    """

    run: str
    seen: str | None = None


async def changes(socket: WebSocket) -> None:
    """Answers what a page has seen with what there is now, as soon as that is something else."""
    if not from_here(socket.headers.get("origin"), socket.headers.get("host")):
        await socket.close(code=1008)
        return
    await socket.accept()
    page = Follower(socket.query_params.get("run", ""))
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(socket, page))
            tasks.create_task(_answer(socket, page))
    except* (WebSocketDisconnect, KeyError):  # Gone; or it sent no text, and is then no page of ours.
        pass


def from_here(origin: str | None, host: str | None) -> bool:
    """False for a script of another site: browsers let any site open sockets to any server, and say where it came from."""
    return origin is None or urlsplit(origin).netloc == host


async def _listen(socket: WebSocket, page: Follower) -> None:
    while True:
        page.seen = await socket.receive_text()


async def _answer(socket: WebSocket, page: Follower) -> None:
    while True:
        await asyncio.sleep(LOOK)
        if (
            page.seen is not None
            and (now := await asyncio.to_thread(_looked, page.run, int(time.monotonic() / LOOK))) != page.seen
        ):
            page.seen = None
            await socket.send_text(now)
            await asyncio.sleep(PAUSE - LOOK)


def stamp(run: str) -> str:
    """What there is now of a run, of an exploration, of a sweep, or of all runs where none is named."""
    from tl_core import explorations, store, sweeps  # The server answers before these are loaded; see app.py.

    models = store.models_folder()
    if run.startswith(EXPLORATION):
        return explorations.stamp(models, run.removeprefix(EXPLORATION))
    if run.startswith(SWEEP):
        return sweeps.stamp(models, run.removeprefix(SWEEP))
    if not run:
        return store.changes.stamp(models)
    found = store.known(models, run)
    return store.changes.stamp_of(found) if found else GONE


@lru_cache(maxsize=256)
def _looked(run: str, _moment: int) -> str:
    """Pages that follow the same share one look."""
    return stamp(run)


# Streamlit does not put server.baseUrlPath before the routes of an app, and pages ask beside their own address.
ROUTE = WebSocketRoute("/{below:path}changes", changes)

_pulse = st.components.v2.component("live_pulse", js=(Path(__file__).parent / "live.js").read_text(encoding="utf-8"))


def follow(key: str, run: str | None = None, exploration: str | None = None, sweep: str | None = None) -> None:
    """Runs the fragment it is called in again whenever a run changes: that one, or without an id any run or the queue; an exploration; or a sweep.

    Call it first in the fragment, before anything is read: what changes after that brings the fragment back, at most once a
    second. Nothing is sent while nothing changes.
    """
    followed = run or ""
    if exploration is not None:
        followed = f"{EXPLORATION}{exploration}"
    if sweep is not None:
        followed = f"{SWEEP}{sweep}"
    _pulse(key=key, data={"run": followed, "seen": stamp(followed)}, height=1, on_changed_change=_nothing)


def _nothing() -> None:
    """Streamlit sends a trigger only to a callback."""
