"""The server of TL Lab: `streamlit run app.py`.

What a visitor sees begins in pages/ui/frame.py. That script, and not this one, is named to Streamlit: beside a script that
lies next to a `pages` folder, Streamlit 1.67 runs the file behind a cold deep link without its frame.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from pages.ui import runs_table  # noqa: F401  (with pandas, while nobody waits for it)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """What the server does before its first visitor and after its last."""
    # Streamlit collects garbage after every tick of every page; what the imports left is then not walked again.
    gc.collect()
    gc.freeze()
    yield


app = st.App(Path(__file__).parent / "pages" / "ui" / "frame.py", lifespan=lifespan)
