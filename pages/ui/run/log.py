"""The tab Log, and the trace of the error that made a run fail."""

from __future__ import annotations

import streamlit as st

from pages.ui.common.log_tail import last_lines
from pages.ui.common.run_view import RunView
from tl_core.text import data_size

FEW = 12
"""Longer texts scroll."""

TRACE = "Traceback (most recent call last):"


def draw_log(view: RunView) -> None:
    file = view.run.log
    if not file.exists():
        st.info("The log starts when a worker takes the run.", icon=":material/hourglass_empty:")
        return
    lines = last_lines(file)
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
    """An expander with the traceback, if the run failed."""
    trace = trace_of(last_lines(view.run.log))
    if not trace:
        return
    folded = st.expander("Trace", icon=":material/bug_report:", on_change="rerun", key="trace")
    if folded.open:
        with folded:
            _show(trace)


def trace_of(lines: list[str]) -> str:
    """The last error of a log, with the tracebacks of its causes; empty if there is none."""
    traces = [number for number, line in enumerate(lines) if line.startswith(TRACE)]
    if not traces:
        return ""
    errors = [number for number, line in enumerate(lines[: traces[-1]]) if " ERROR " in line]
    return "\n".join(lines[errors[-1] if errors else traces[0] :])
