"""The view Curves: all runs in one chart, or a small chart for each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.charts import colours, comparison, grid
from pages.ui.charts.component import draw_chart
from pages.ui.charts.series import Series, mean_of, series_of
from pages.ui.compare import colouring
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.controls import ChartView, legend_text
from pages.ui.compare.grouping import Group

HEIGHT = 400


def draw_curves(groups: Sequence[Group], view: ChartView, found: Colouring) -> None:
    """One chart, or where its curves could not be told apart, or on request, a small one for each."""
    runs = [run for group in groups for run in group.runs]
    if not any(run.epochs for run in runs):
        st.info("The first point appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    if not view.show:
        st.info("Choose at least one kind of curve in the chart settings.", icon=":material/info:")
        return
    colouring.draw_legend(found, view.colour_by)
    drawn = series(groups, view, found)
    said = comparison.said_of(drawn, view.quantity, view.x)
    if view.shape == "small charts" or len(drawn) > colours.DISTINCT:
        grid.draw_grid(grid.grid_data(drawn, **view.drawing), "compare-grid", said)
    else:
        draw_chart(comparison.compare_figure(drawn, **view.drawing), f"compare-{view.quantity}", HEIGHT, said)
    st.caption(legend_text(view, len(drawn), any(one.runs > 1 for one in drawn)))


def series(groups: Sequence[Group], view: ChartView, found: Colouring) -> list[Series]:
    """A series for each group that has an epoch."""
    drawn = []
    for group in groups:
        own = [
            series_of(run.named(), view.quantity, view.x, view.show, view.aligned) for run in group.runs if run.epochs
        ]
        if own:
            drawn.append(mean_of(group.id, group.title, found.of.get(group.id, ""), own))
    return drawn
