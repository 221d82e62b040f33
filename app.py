"""The server of TL Lab: `streamlit run app.py`.

What a visitor sees begins in pages/ui/frame.py. That script, and not this one, is named to Streamlit: beside a script that
lies next to a `pages` folder, Streamlit 1.67 runs the file behind a cold deep link without its frame.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui import live
from pages.ui.charts.route import ROUTE as PLOTLY_ROUTE
from pages.ui.runs import table  # noqa: F401  (with pandas, while nobody waits for it)
from tl_core import service
from tl_core.store import models_folder
from tl_core.supervisor import Supervisor


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """What the server does before its first visitor and after its last."""
    models = models_folder()
    supervisor = Supervisor(models, when_ready=partial(service.start, models))
    supervisor.start()
    # Streamlit collects garbage after every tick of every page; what the imports left is then not walked again.
    gc.collect()
    gc.freeze()
    yield
    # At the same time, because together they have twenty seconds.
    await asyncio.gather(asyncio.to_thread(supervisor.stop), asyncio.to_thread(service.stop))


app = st.App(Path(__file__).parent / "pages" / "ui" / "frame.py", lifespan=lifespan, routes=[live.ROUTE, PLOTLY_ROUTE])
