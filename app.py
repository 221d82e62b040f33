"""The server of TL Lab: `streamlit run app.py`.

What a visitor sees begins in pages/ui/frame.py. That script, and not this one, is named to Streamlit: beside a script that
lies next to a `pages` folder, Streamlit 1.67 runs the file behind a cold deep link without its frame.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

import pages.ui
from pages.ui import live
from pages.ui.charts.route import ROUTE as PLOTLY_ROUTE

if TYPE_CHECKING:
    from tl_core.supervisor import Supervisor

log = logging.getLogger(__name__)

FIRST_PAGE = 1.2
"""Seconds the processor is left to the first visitor before workers load TensorFlow, which takes it for several."""

FRAME = Path(__file__).parent / "pages" / "ui" / "frame.py"


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """What the server does before its first visitor and after its last."""
    # In a thread: the visitor's browser is busy with Streamlit's own scripts for a second, and fetches them meanwhile.
    supervising = asyncio.create_task(asyncio.to_thread(_supervise))
    loading = asyncio.create_task(_after(supervising, _load_pages))
    for task in (supervising, loading):
        task.add_done_callback(_tell)
    yield
    supervisor = await supervising
    from tl_core import service

    # At the same time, because together they have twenty seconds.
    await asyncio.gather(asyncio.to_thread(supervisor.stop), asyncio.to_thread(service.stop))


def _supervise() -> Supervisor:
    """Starts the supervisor."""
    from tl_core import service
    from tl_core.store import models_folder
    from tl_core.supervisor import Supervisor

    models = models_folder()
    supervisor = Supervisor(models, when_ready=partial(service.start, models), after=FIRST_PAGE)
    supervisor.start()
    return supervisor


async def _after(first: asyncio.Task[Any], then: Callable[[], None]) -> None:
    await asyncio.wait([first])
    await asyncio.to_thread(then)


def _load_pages() -> None:
    """Imports what pages are made of, lists the pictures of the first form, and tidies up."""
    for module in pkgutil.walk_packages(pages.ui.__path__, "pages.ui."):
        if module.name != "pages.ui.frame":  # A script: importing it would run it.
            import_module(module.name)
    from pages.ui.forms import building, planning
    from pages.ui.predict import album
    from tl_core.store import models_folder

    planning.problems_of(building.START, models_folder())  # The first visitor's form finds its pictures listed.
    album.remove_leftovers()
    # Python collects garbage now and then; what the imports left need not be walked each time.
    gc.collect()
    gc.freeze()


def _tell(beginning: asyncio.Task[Any]) -> None:
    if not beginning.cancelled() and (error := beginning.exception()):
        log.error("The dashboard could not begin as it should.", exc_info=error)


app = st.App(FRAME, lifespan=lifespan, routes=[live.ROUTE, PLOTLY_ROUTE])
