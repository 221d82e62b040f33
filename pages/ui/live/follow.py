"""The browser's side: a component that draws nothing and runs its fragment again when the server says so."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.live.route import stamp

_pulse = st.components.v2.component("live_pulse", js=(Path(__file__).parent / "pulse.js").read_text(encoding="utf-8"))


def follow(key: str, run: str | None = None) -> None:
    """Runs the fragment it is called in again whenever a run changes: that one, or without an id any run or the queue.

    Call it first in the fragment, before anything is read: what changes after that brings the fragment back, at most once a
    second. Nothing is sent while nothing changes.
    """
    _pulse(key=key, data={"run": run or "", "seen": stamp(run or "")}, height=1, on_changed_change=_nothing)


def _nothing() -> None:
    """Streamlit sends a trigger only where somebody takes it."""
