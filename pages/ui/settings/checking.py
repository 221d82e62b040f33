"""The button that computes some stored features again, and says how far they are from what is stored."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.text import plain, size
from tl_core import service, store
from tl_core.cache import eviction
from tl_core.errors import LabError
from tl_core.results.cache_audit import Verified

HELP = (
    "Computes some stored features of a run again, without any cache and in float32, and shows the largest difference. On the command "
    "line: python -m tl_core verify-cache RUN --batches N."
)


@st.fragment(key="settings_checking")
def draw(models: Path) -> None:
    """Says how much caches may take, and offers to check what is stored."""
    st.caption(_allowed(models))
    with st.expander("Check stored features", icon=":material/fact_check:"):
        titles = {run.id: store.title_of(run) for run in store.runs(models)}
        if not titles:
            st.markdown("There is no run yet whose features could be stored.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Features of the run", list(titles), format_func=titles.__getitem__, key="check_run")
            pressed = st.button("Check", key="check_features", help=HELP)
        if pressed:
            _check(models, chosen)


def _check(models: Path, run_id: str) -> None:
    bar = st.progress(0.0, "Starting a process that computes some of them again …")

    def show(what: str, done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), what)

    try:
        found = service.verified(models, run_id, progress=show)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    finally:
        bar.empty()
    for one in found:
        (st.success if one.agrees else st.error)(said(one))


def said(one: Verified) -> str:
    """What was found, as Markdown."""
    where = "pooled features" if one.cut == "features" else f"features behind {plain(one.cut)}"
    return (
        f"**{one.verdict[0].upper()}{one.verdict[1:]}.** {where.capitalize()}, {one.images:,} of {one.of:,} images: the largest difference "
        f"is {one.largest:.1e}, {one.relative:.1e} of the largest feature; on average it is {one.mean:.1e}."
    )


def _allowed(models: Path) -> str:
    try:
        most = size(eviction.budget(store.cache_folder(models)))
    except LabError as error:
        return plain(str(error))
    return f"Decoded images and features may take {most} together; what was not used for longest goes first. TL\\_CACHE\\_GB sets another limit."
