"""The server of TL Lab: `streamlit run app.py`.

Pages start in pages/ui/frame.py. Streamlit gets that script instead of this one, because next to a `pages` folder
Streamlit 1.67 runs the page file of a cold deep link without the frame.
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
from starlette.middleware import Middleware

import pages.ui.train
from pages.ui import live, navigation
from pages.ui.charts.component import ROUTE as PLOTLY_ROUTE
from pages.ui.hosts import AllowedHosts

if TYPE_CHECKING:
    from tl_core.supervisor import Supervisor

log = logging.getLogger(__name__)

FIRST_PAGE = 1.2
"""Seconds reserved for the first visitor before workers load TensorFlow, which takes the CPU for several."""

NO_VISITOR = 5.0
"""Seconds after which no visitor is expected soon."""

SETTLE = 1.5
"""Seconds that a browser needs to render what the server has sent."""

FRAME = Path(__file__).parent / "pages" / "ui" / "frame.py"


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Runs before the first visitor and after the last."""
    # In a thread, so that the browser can already fetch Streamlit's own scripts.
    supervising = asyncio.create_task(asyncio.to_thread(_supervise))
    loading = asyncio.create_task(_load(supervising))
    for task in (supervising, loading):
        task.add_done_callback(_tell)
    yield
    loading.cancel()
    supervisor = await supervising
    from tl_core import service

    # Concurrently, because together they have twenty seconds.
    await asyncio.gather(asyncio.to_thread(supervisor.stop), asyncio.to_thread(service.stop))


def _supervise() -> Supervisor:
    """Starts the supervisor."""
    from tl_core import service
    from tl_core.backbones import added
    from tl_core.store import models_folder
    from tl_core.supervisor import Supervisor
    from tl_core.sweeps import advance_queued

    models = models_folder()
    added.use(models)
    supervisor = Supervisor(
        models, when_ready=partial(service.start, models), after=FIRST_PAGE, besides=partial(advance_queued, models)
    )
    supervisor.start()
    return supervisor


async def _load(supervising: asyncio.Task[Any]) -> None:
    """Imports what pages need, the first page before the others."""
    await asyncio.wait([supervising])
    await asyncio.to_thread(_load_first_page)
    ends = time.monotonic() + NO_VISITOR
    while not navigation.first_page_drawn.is_set() and time.monotonic() < ends:
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLE)
    await asyncio.to_thread(_load_pages)


def _load_first_page() -> None:
    """Imports the modules of the first page, and lists the images of its form."""
    from pages.ui.common.planning import startable
    from pages.ui.train import draft
    from tl_core.store import models_folder

    _import_all(pages.ui.train)
    startable(draft.START, models_folder())


def _load_pages() -> None:
    """Imports the modules of the other pages, which takes longer, and tidies up."""
    _import_all(pages.ui)
    from pages.ui.predict import images

    images.remove_leftovers()
    # Exempts imported objects from garbage collection.
    gc.collect()
    gc.freeze()


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name != "pages.ui.frame":  # A script: importing it would run it.
            import_module(module.name)


def _tell(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("The dashboard failed to start completely.", exc_info=error)


app = st.App(FRAME, lifespan=lifespan, routes=[live.ROUTE, PLOTLY_ROUTE], middleware=[Middleware(AllowedHosts)])
