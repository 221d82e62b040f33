"""How far a running run is: bars, speed, time left, and what its worker uses."""

from __future__ import annotations

import time

import streamlit as st

from pages.ui.run.story import SILENT, epoch_in, trains
from pages.ui.run.view import View
from pages.ui.runs import words
from pages.ui.text import duration, plain, size
from tl_core import store


def draw(view: View) -> None:
    """Draws nothing where the run does not train, and is not got ready either."""
    now = view.progress
    if view.status == store.RUNNING:
        st.progress(words.share_done(len(view.lines), view.epochs, now), overall_text(view))
    elif view.status != store.QUEUED:
        return
    if now is None:
        return
    st.progress(words.inside(now), plain(inside_text(now)))
    if used := usage(now):
        st.caption(plain(used), help="What the process that trains this run uses at the moment.")
    silent = time.time() - now.at
    if silent > SILENT:
        st.warning(
            f"Its process lives but has said nothing for {duration(silent)}. A long step can do that; "
            "if it lasts, stop the run and resume it: at most one epoch is done again.",
            title="Silent",
            icon=":material/hearing_disabled:",
        )


def overall_text(view: View) -> str:
    """For example "3 of 10 epochs done · 2 min left"."""
    left = store.seconds_left(view.state, list(view.lines), view.progress)
    said = f"{len(view.lines)} of {view.epochs} epochs done"
    return said if left is None else f"{said} · {words.left(left)}"


def inside_text(now: store.Progress) -> str:
    """For example "Epoch 3: step 12 of 96 · 321 images/s" or "Decoding images: 120 of 720 · 15 s left"."""
    unit = "step " if trains(now.what) else ""
    counted = f": {unit}{now.done:,} of {now.total:,}" if now.total > 1 else ""
    speed = f" · {now.rate:,.0f} images/s" if now.rate else ""
    ahead = None if epoch_in(now.what) else store.stage_seconds_left(now)  # Of epochs, the bar above says it.
    return " · ".join(filter(None, [f"{now.what}{counted}{speed}", words.left(ahead)]))


def usage(now: store.Progress) -> str:
    """What the worker uses: processor, memory, graphics memory; only what is known."""
    said = [f"processor {now.cpu:.0f} % of one core"] if now.cpu is not None else []
    said += [f"memory {size(now.memory)}"] if now.memory is not None else []
    said += [f"graphics memory {size(now.gpu_memory)}"] if now.gpu_memory is not None else []
    return "Worker: " + ", ".join(said) if said else ""
