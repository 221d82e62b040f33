"""The component that draws a figure, and the script it needs; st.plotly_chart forgets zoom and hidden curves whenever its data change."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from pages.ui.scripts import script

VERSION = version("plotly")
"""Stands in the address, so that a browser keeps the script for good and still fetches the next version."""


def plotly_file() -> Path:
    """Where the installed plotly package keeps its script, without importing the package."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly is not installed; run pip install -r requirements.txt")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def _script(_: Request) -> FileResponse:
    return FileResponse(
        plotly_file(), media_type="text/javascript", headers={"cache-control": "public, max-age=31536000, immutable"}
    )


# Streamlit does not put server.baseUrlPath before the routes of an app, and pages ask beside their own address.
ROUTE = Route("/{below:path}plotly.min.js", _script)

_HERE = Path(__file__).parent
SCRIPTS = (_HERE / "theme.js", _HERE / "chart.js")
_SCRIPT = script(*SCRIPTS)
_STYLE = (_HERE / "chart.css").read_text(encoding="utf-8")
_NAME = "tl_chart"


def draw_chart(
    figure: dict[str, Any],
    key: str,
    height: int,
    alt: str,
    linked: str = "",
    on_open: Callable[[str], None] | None = None,
) -> None:
    """Draws a Plotly figure that keeps zoom, hidden curves and the hover label while its data change.

    Args:
        figure: `data` and `layout` as Plotly's own JSON; colours may be names of pages/ui/charts/colours.py. What stays the
            same thing from one drawing to the next has the same `uid` (curves) and `uirevision` (axes).
        key: Names the chart among all of the page, and the file of a downloaded chart.
        height: In CSS pixels; the width is that of the column.
        alt: What the chart shows, in a sentence, for those who cannot see it.
        linked: Charts with the same word show their hover labels at the same place of the x axis; empty for a chart on its own.
        on_open: Called when a curve is clicked whose `meta` says `open`, such as the id of a run, or a list of what each of its points opens.
    """
    # Not isolated: Plotly puts its own styles into the head of the page.
    mounted = st.components.v2.component(_NAME, js=_SCRIPT, css=_STYLE, isolate_styles=False)
    data = chart_data(figure, key, height, alt, linked)
    opens: dict[str, Any] = {"on_opened_change": lambda: on_open(st.session_state[key]["opened"])} if on_open else {}
    mounted(key=key, data=data, **opens)


def chart_data(figure: dict[str, Any], key: str, height: int, alt: str, linked: str = "") -> dict[str, Any]:
    """What chart.js takes; the arguments as in `draw_chart`."""
    figure = {**figure, "data": [_with_class(trace) for trace in figure["data"]]}
    return {"figure": figure, "height": height, "alt": alt, "name": key, "version": VERSION, "linked": linked}


def _with_class(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace whose `uid` can be part of a CSS class: Plotly looks elements up by it, and fails at "trial 0" when the chart is left."""
    return {**trace, "uid": re.sub(r"[^\w-]", "-", trace["uid"])} if "uid" in trace else trace
