"""The Compare page, several runs beside each other: `/compare?runs=ID,ID`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from pages.ui.charts import points
from pages.ui.common import repeating, run_list
from pages.ui.compare import better, chosen_runs, colouring, compared_runs, controls, report, tables
from pages.ui.compare.compared_runs import read_runs
from pages.ui.compare.curves_view import draw_curves
from pages.ui.compare.forks_view import draw_forks
from pages.ui.compare.grouping import Group, groups_of
from pages.ui.compare.map_view import draw_map
from pages.ui.compare.question import Question
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core.errors import BadInput
from tl_core.store import models_folder

VIEWS = {
    "Curves": (draw_curves, "a measure over the epochs."),
    "Map": (draw_map, "training across, validation up: who memorises, and who learns."),
    "Forks": (draw_forks, "these runs with all they were forked from and all that was forked from them, as a tree."),
}

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
        groups = groups_of(runs, view.group_by)
        found = colouring.colouring(groups, view.colour_by)
        st.html(STICKY + colouring.chip_style(chosen_runs.KEY, [found.swatch(id) for id in ids]))
        with st.container(key="compare_forks" if view.page == "Forks" else "compare_chart"):
            draw, _ = VIEWS[view.page]
            draw(groups, view, found)
        tables.draw_results(runs, found)
        question = better.draw_better(runs)
        download(groups, view, found, question)
    if len(runs) < 2:
        st.info("Choose another run above to add its curves.", icon=":material/add:")


def download(groups: Sequence[Group], view: controls.ChartView, found: colouring.Colouring, question: Question) -> None:
    runs = [run for group in groups for run in group.runs]
    with st.container(horizontal=True):
        st.download_button(
            "Curves as CSV",
            lambda: points.curves_csv(line for run in runs for line in compared_runs.csv_lines(run)),
            "curves.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="curves_csv",
        )
        st.download_button(
            f"Report as HTML ({report.size_text()})",
            lambda: report.report_html(groups, view, found, datetime.now(), question),
            "comparison.html",
            "text/html",
            icon=":material/lab_profile:",
            on_click="ignore",
            key="report_html",
            help="This comparison as one file: charts, map and table. It opens in any browser, without a network.",
        )


st.title("Compare")
try:
    if repeated := repeating.queue_asked(models):
        chosen_runs.put_into_address(repeated)
except BadInput as error:
    st.error(plain(str(error)), icon=":material/error:")
rows = run_list.rows(models)
chosen = chosen_runs.choose_runs(rows)
if chosen:
    view = controls.choose_view(
        [row for row in rows if row.id in chosen], {name: what for name, (_, what) in VIEWS.items()}
    )
    compared(chosen, run_list.labels_of(rows), view)
else:
    chosen_runs.draw_invitation(rows)
