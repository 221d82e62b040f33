"""What the page says where its address names no run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import places
from pages.ui.text import plain
from tl_core import store
from tl_core.errors import nearest

SHOWN = 5
"""How many runs are offered instead."""
LONGEST = 80
"""Characters of an address that are shown."""


def draw(models: Path, asked: str) -> None:
    known = store.runs(models)
    if not asked:
        st.title("Which run?", anchor=False)
    else:
        st.title("There is no such run", anchor=False)
        shown = asked if len(asked) <= LONGEST else f"{asked[:LONGEST]}…"
        st.markdown(f"Nothing here is called **{plain(shown)}**. It may have been deleted, or the link may be cut off.")
    if not known:
        st.markdown("There are no runs yet.")
        places.link("train", "Train the first one")
        return
    near = nearest(asked[:LONGEST], [run.id for run in known], SHOWN) if asked else []
    st.markdown("The nearest:" if near else "The newest:")
    for run_id in near or [run.id for run in known[:SHOWN]]:
        run = store.Run(models / "runs" / run_id)
        places.link("run", plain(f"{store.title_of(run)} ({run_id})"), run=run_id)
    places.link("runs", "All runs")
