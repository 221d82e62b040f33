"""The server of TL Lab: `streamlit run app.py`.

What a visitor sees begins in pages/ui/frame.py. That script, and not this one, is named to Streamlit: beside a script that
lies next to a `pages` folder, Streamlit 1.67 runs the file behind a cold deep link without its frame.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import pkgutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import streamlit as st

import pages.ui.train
from pages.ui import live, navigation
from pages.ui.charts.component import ROUTE as PLOTLY_ROUTE

if TYPE_CHECKING:
    from tl_core.supervisor import Supervisor

log = logging.getLogger(__name__)

FIRST_PAGE = 1.2
"""Seconds the processor is left to the first visitor before workers load TensorFlow, which takes it for several."""

NO_VISITOR = 5.0
"""Seconds after which no visitor is expected soon."""

SETTLE = 1.5
"""Seconds a browser still draws what the server is done with."""

FRAME = Path(__file__).parent / "pages" / "ui" / "frame.py"


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """What the server does before its first visitor and after its last."""
    # In a thread: the visitor's browser is busy with Streamlit's own scripts for a second, and fetches them meanwhile.
    supervising = asyncio.create_task(asyncio.to_thread(_supervise))
    loading = asyncio.create_task(_load(supervising))
    for task in (supervising, loading):
        task.add_done_callback(_tell)
    yield
    loading.cancel()
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


async def _load(supervising: asyncio.Task[Any]) -> None:
    """Loads what pages need, the first visitor's before the others'."""
    await asyncio.wait([supervising])
    await asyncio.to_thread(_load_first_page)
    ends = time.monotonic() + NO_VISITOR
    while not navigation.first_page_drawn.is_set() and time.monotonic() < ends:
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLE)
    await asyncio.to_thread(_load_pages)


def _load_first_page() -> None:
    """Imports what the first visitor's page is made of, and lists the pictures of its form."""
    from pages.ui.train import draft, plan_view
    from tl_core.store import models_folder

    _import_all(pages.ui.train)
    plan_view.problems_of(draft.START, models_folder())


def _load_pages() -> None:
    """Imports what the other pages are made of, which takes longer, and tidies up."""
    _import_all(pages.ui)
    from pages.ui.predict import pictures

    pictures.remove_leftovers()
    # Python collects garbage now and then; what the imports left need not be walked each time.
    gc.collect()
    gc.freeze()


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name != "pages.ui.frame":  # A script: importing it would run it.
            import_module(module.name)


def _tell(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("The dashboard could not begin as it should.", exc_info=error)


app = st.App(FRAME, lifespan=lifespan, routes=[live.ROUTE, PLOTLY_ROUTE])
