"""Curves of several runs over each other: `/compare?runs=ID,ID`."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.charts import curves, draw
from pages.ui.compare import choosing, controls, remarks, tables
from pages.ui.compare.reading import Compared, names, read
from pages.ui.live import follow
from pages.ui.runs import overview
from pages.ui.text import plain
from tl_core.store import models_folder

HEIGHT = 460

models = models_folder()


def named(rows: Sequence[overview.Row]) -> dict[str, str]:
    """What each run of the folder is called here, by id."""
    return names((row.id, row.title) for row in rows)


@st.fragment(key="compared")
def compared(ids: Sequence[str], called: dict[str, str], view: controls.View) -> None:
    follow(key="compared_changes")
    if named(overview.rows(models)) != called:  # The list of runs above is another one.
        st.rerun()
    runs, problems = read(models, ids, called)
    for problem in problems:
        st.error(plain(problem), icon=":material/broken_image:")
    for remark in remarks.remarks(runs, view.measure):
        st.warning(plain(remark), icon=":material/compare_arrows:")
    if runs:
        chart(runs, view)
        tables.draw_results(runs)
    if len(runs) > 1:
        tables.draw_differences(runs)
    else:
        st.info("Choose another run above to lay its curves over these.", icon=":material/add:")


def chart(runs: Sequence[Compared], view: controls.View) -> None:
    if not any(run.lines for run in runs):
        st.info("The first point appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    if not view.show:
        st.info("Choose at least one kind of curve.", icon=":material/info:")
        return
    figure = curves.compare_figure(
        [run.curves for run in runs],
        measure=view.measure,
        x=view.x,
        smoothing=view.smoothing,
        log=view.log,
        show=view.show,
    )
    draw(figure, f"compare-{view.measure}", HEIGHT, alt(runs, view))
    st.download_button(
        "Curves as CSV",
        lambda: curves.csv([{"run": run.id, **line} for run in runs for line in run.lines]),
        "curves.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="curves_csv",
    )


def alt(runs: Sequence[Compared], view: controls.View) -> str:
    """What the chart shows, in words."""
    said = [f"{run.name} {run.lines[-1]['val_' + view.measure]:.3f}" for run in runs if run.lines]
    return f"{view.measure.capitalize()} of {len(runs)} runs by {view.x}; validation after the last epoch: {', '.join(said)}."


st.title("Compare")
rows = overview.rows(models)
called = named(rows)
chosen = choosing.draw(rows, called)
if chosen:
    compared(chosen, called, controls.draw())
else:
    choosing.invite(rows, called)
