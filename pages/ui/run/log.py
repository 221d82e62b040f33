"""The tab Log, and the trace of the error that made a run fail."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from pages.ui.common.run_view import RunView
from tl_core.text import data_size

LINES = 200
BYTES = 100_000
"""What is read of a log at most, from its end: a log may be long, and a page must not wait for it."""

FEW = 12
"""Longer texts scroll."""

TRACE = "Traceback (most recent call last):"


def draw_log(view: RunView) -> None:
    file = view.run.log
    if not file.exists():
        st.info("The log starts when a worker takes the run.", icon=":material/hourglass_empty:")
        return
    lines = tail(file)
    st.caption(f"The last {len(lines)} lines of {data_size(file.stat().st_size)}.")
    _show("\n".join(lines))
    st.download_button(
        "Whole log",
        file.read_bytes,
        f"{view.run.id}-log.txt",
        "text/plain",
        icon=":material/download:",
        on_click="ignore",
        key="log_file",
    )


def _show(text: str) -> None:
    st.code(text, language=None, wrap_lines=True, height=400 if text.count("\n") > FEW else "content")


def draw_trace(view: RunView) -> None:
    """Folded: what Python said when the run failed, where it did."""
    trace = trace_of(tail(view.run.log)) if view.run.log.exists() else ""
    if not trace:
        return
    folded = st.expander("Trace", icon=":material/bug_report:", on_change="rerun", key="trace")
    if folded.open:
        with folded:
            _show(trace)


def tail(file: Path) -> list[str]:
    """The last lines of a file, at most `LINES`, out of its last `BYTES`."""
    with file.open("rb") as opened:
        end = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, end - BYTES))
        lines = opened.read().decode(errors="replace").splitlines()
    return lines[1 if end > BYTES else 0 :][-LINES:]  # The first of a part begins in its middle.


def trace_of(lines: list[str]) -> str:
    """What the last error of a log says, with the traces of all errors behind it; empty where there is none."""
    traces = [number for number, line in enumerate(lines) if line.startswith(TRACE)]
    if not traces:
        return ""
    errors = [number for number, line in enumerate(lines[: traces[-1]]) if " ERROR " in line]
    return "\n".join(lines[errors[-1] if errors else traces[0] :])
