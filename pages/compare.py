"""The Compare page, curves of several runs over each other: `/compare?runs=ID,ID`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.ui.charts import colours, comparison, grid, layouts, points, traces
from pages.ui.charts.component import draw_chart
from pages.ui.common import run_list
from pages.ui.compare import colouring, compared_runs, controls, tables
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.compared_runs import ComparedRun, read_runs
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core.metrics import metric_of
from tl_core.store import models_folder

HEIGHT = 400

STICKY = """<style>
@media (min-height: 700px) {
  [data-testid=stLayoutWrapper]:has(> .st-key-compare_chart) {position: sticky; top: 3.75rem; z-index: 5; background: light-dark(LIGHT, DARK)}
}
</style>""".replace("LIGHT", st.get_option("theme.light.backgroundColor")).replace(
    "DARK", st.get_option("theme.dark.backgroundColor")
)
"""Keeps the chart in sight above the table, except in a low window, which it would fill."""

models = models_folder()


@st.fragment(key="compared")
def compared(ids: Sequence[str], listed: Mapping[str, str], view: controls.ChartView) -> None:
    follow(key="compared_changes")
    now = run_list.rows(models)
    if run_list.labels_of(now) != listed:  # The list of runs above is another one.
        st.rerun()
    called = run_list.labels_of(row for row in now if row.id in ids)
    runs, problems = read_runs(models, ids, called)
    for problem in problems:
        st.error(plain(problem), icon=":material/broken_image:")
    for warning in compared_runs.comparison_warnings(runs, view.quantity):
        st.warning(plain(warning), icon=":material/compare_arrows:")
    if runs:
        found = colouring.colouring(runs, view.colour_by)
        st.html(STICKY + colouring.chip_style(controls.KEY, [found.swatch(id) for id in ids]))
        with st.container(key="compare_chart"):
            chart(runs, view, found)
        tables.draw_results(runs, found)
        download(runs)
    if len(runs) < 2:
        st.info("Choose another run above to add its curves.", icon=":material/add:")


def chart(runs: Sequence[ComparedRun], view: controls.ChartView, found: Colouring) -> None:
    """One chart, or where its curves could not be told apart a small one for each run."""
    if not any(run.epochs for run in runs):
        st.info("The first point appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    if not view.show:
        st.info("Choose at least one kind of curve.", icon=":material/info:")
        return
    colouring.draw_legend(found, view.colour_by)
    drawn = [run.curves(found.of.get(run.id, "")) for run in runs]
    if len(runs) > colours.DISTINCT:
        grid.draw_grid(grid.grid_data(drawn, **view.drawing), "compare-grid", alt(runs, view))
    else:
        figure = comparison.compare_figure(drawn, **view.drawing)
        draw_chart(figure, f"compare-{view.quantity}", HEIGHT, alt(runs, view))


def download(runs: Sequence[ComparedRun]) -> None:
    st.download_button(
        "Curves as CSV",
        lambda: points.curves_csv({"run": run.id, **record.to_line()} for run in runs for record in run.epochs),
        "curves.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="curves_csv",
    )


def alt(runs: Sequence[ComparedRun], view: controls.ChartView) -> str:
    """What the chart shows, in words."""
    row = metric_of(view.quantity, "val")
    last = [(run.name, run.epochs[-1].metrics.get(row.name)) for run in runs if run.epochs and row]
    said = [f"{name} {value:.3f}" for name, value in last if value is not None]
    if not said:
        return f"{layouts.title_of(view.quantity)}: {traces.NOT_MEASURED}"
    return f"{layouts.title_of(view.quantity)} of {len(runs)} runs by {view.x}; validation after the last epoch: {', '.join(said)}."


st.title("Compare")
rows = run_list.rows(models)
chosen = controls.choose_runs(rows)
if chosen:
    compared(chosen, run_list.labels_of(rows), controls.choose_view([row for row in rows if row.id in chosen]))
else:
    controls.draw_invitation(rows)
