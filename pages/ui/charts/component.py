"""The component that draws a figure; st.plotly_chart forgets zoom and hidden curves whenever its data change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.charts.route import VERSION

_HERE = Path(__file__).parent
_SCRIPT = (_HERE / "chart.js").read_text(encoding="utf-8")
_STYLE = (_HERE / "chart.css").read_text(encoding="utf-8")
_NAME = "tl_chart"


def draw(figure: dict[str, Any], key: str, height: int, alt: str) -> None:
    """Draws a Plotly figure that keeps zoom, hidden curves and the hover label while its data change.

    Args:
        figure: `data` and `layout` as Plotly's own JSON; colours may be names of pages/ui/charts/colours.py. What stays the
            same thing from one drawing to the next has the same `uid` (curves) and `uirevision` (axes).
        key: Names the chart among all of the page, and the file of a downloaded picture.
        height: In CSS pixels; the width is that of the column.
        alt: What the chart shows, in a sentence, for those who cannot see it.
    """
    # Not isolated: Plotly puts its own styles into the head of the page.
    mounted = st.components.v2.component(_NAME, js=_SCRIPT, css=_STYLE, isolate_styles=False)
    mounted(key=key, data={"figure": figure, "height": height, "alt": alt, "name": key, "version": VERSION})
