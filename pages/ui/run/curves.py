"""The tab Curves: how they are drawn, smoothed or not, on which scale, over what."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts import curves, points, traces
from pages.ui.charts.component import draw_chart
from pages.ui.charts.measures import measure_of
from pages.ui.common.chart_controls import log_scale, smoothing, x_axis
from pages.ui.common.run_view import ACTIVE, RunView
from pages.ui.run.diagnosed import onset_of
from tl_core import metrics
from tl_core.metrics import METRICS
from tl_core.store import FINISHED, RunFigures
from tl_core.store.selected import read_selected, selected_text

HEIGHT, SMALL = 380, 240
TURNS = ("loss", "accuracy")
"""The quantities whose charts show when the validation loss turned."""

ROOM = 22
"""Characters of another run's title that fit into a chart."""

EXPLAINED = """
- **Validation**: on images the network never trains on. This is how good it is.
- **Training, clean**: on plain training images, after the epoch. Only this is comparable with validation; the shaded gap between
  the two is what the network memorised.
- **Training, reported**: measured during training, with dropout and augmentation, averaged over the epoch. It may be
  below validation, and says nothing about overfitting. The axis is made for the other two; a double click in the chart shows all.
- **Grey band**: epochs of the run this one was forked from. They do not count for this run. *schedule continues* or *restarts*: what the
  learning rate does from there on.
- **Orange band**: the epochs in which validation loss may have turned (95 % interval over the validation images), with a line at the most likely
  one. There is none if no turn can be seen. The tab *Diagnosis* says what going on cost.
- **Dotted line**: a new phase begins. *head*: the backbone is frozen. *thaw 1, 2 …*: stages of unfreezing. *fine-tune*: all thawed
  blocks train. *from 7*: settings were changed during training, in force from that epoch on.
- **★ Best epoch**: the one with the lowest validation loss, or the best by the metric that the setting *Best* names. Its network
  is exported and tested, and all figures of the run are those of this epoch. If *Restore best* is off, it is the last epoch.
"""


def draw_curves(view: RunView) -> None:
    if not view.records and view.status not in ACTIVE:
        st.caption("The run ended before its first epoch was complete: there is no curve.")
        return
    if len(view.records) == 1 and view.spec is not None and view.spec.head.solved:
        said = "This classifier is solved in one step: there is one point and no curve."
        st.caption(f"{said} {selected_text(read_selected(view.run))}")
    charts = st.container()  # The page begins with the curves; how they are drawn is chosen below them.
    quantities, x, weight, log = _choices()
    with charts, st.grid(2, min_column_width=330, key="charts"):
        for quantity in quantities:
            with st.container():
                _chart(view, quantity, x, weight, log and measure_of(quantity).has_log_scale)
    if not quantities:
        st.info("Choose at least one chart.", icon=":material/info:")
    if view.records:
        _below(view, x)


def _choices() -> tuple[list[str], traces.X, float, bool]:
    """Which charts are drawn, and how; kept in the address."""
    known = metrics.quantities()
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve_choices"):
        chosen = st.pills(
            "Charts",
            known,
            default=[name for name in known if any(row.main for row in METRICS if row.quantity == name)],
            selection_mode="multi",
            key="curves",
            bind="query-params",
            help="  \n".join(f"**{row.title}**: {row.help}" for row in metrics.of_split("val")),
        )
        return [name for name in known if name in chosen], x_axis("x"), smoothing("smoothing"), log_scale("log")


def _chart(view: RunView, quantity: str, x: traces.X, weight: float, log: bool) -> None:
    found = onset_of(view) if quantity in TURNS else None
    figure = curves.run_figure(
        view.records,
        quantity=quantity,
        x=x,
        smoothing=weight,
        log=log,
        best=marked(view.figures),
        planned=planned(view),
        inherited_from=_short(view.forked_from.title) if view.forked_from else "",
        fork=curves.fork_mark(view.spec),
        steps=view.steps,
        turn=found.turn if found else None,
    )
    draw_chart(figure, f"run-{quantity}", HEIGHT, _alt(view, quantity), linked=f"run {x}")


def planned(view: RunView) -> int:
    """The last epoch of the axis: that of the plan, unless the run ended before, for good."""
    return 0 if view.status == FINISHED else view.epochs


def marked(figures: RunFigures | None) -> traces.Marked | None:
    """The epoch to mark by a star."""
    return traces.Marked(figures.exported.epoch, figures.title) if figures else None


def _short(title: str) -> str:
    """A title for which a phone's chart has room."""
    return title if len(title) <= ROOM else f"{title[:ROOM].rstrip(' ,…')}…"


def _alt(view: RunView, quantity: str) -> str:
    title, kinds = measure_of(quantity).title, {"train_eval": "training, clean", "val": "validation"}
    if not view.records:
        return f"{title}: {curves.NOTHING_YET}"
    last, inherited = view.records[-1], view.records.inherited
    rows = [row for row in METRICS if row.quantity == quantity and row.split in kinds and row.name in last.metrics]
    if not rows:
        return f"{title}: {traces.NOT_MEASURED}"
    said = ", ".join(f"{kinds[row.split]} {last.metrics[row.name]:.3f}" for row in rows)
    best = f" {view.figures.title}: {view.figures.exported.epoch}." if view.figures else ""
    before = f" The first {inherited} are inherited from the run it was forked from." if inherited else ""
    return f"{title} over {len(view.records)} epochs; the last: {said}.{best}{before}"


def _below(view: RunView, x: traces.X) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("What the curves mean", icon=":material/help:"):
            st.markdown(EXPLAINED)
        st.download_button(
            "Metrics as CSV",
            lambda: points.curves_csv(record.to_line() for record in view.records),
            f"{view.run.id}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="metrics_csv",
        )
    rates = st.expander("Learning rate", on_change="rerun", key="rates", icon=":material/speed:")
    if rates.open:
        with rates:
            _rates(view, x)


def _rates(view: RunView, x: traces.X) -> None:
    if not view.records.rate_groups:
        st.caption("This classifier is solved without a learning rate.")
        return
    log = st.toggle(
        "Log scale", True, key="rates_log", help="A logarithmic axis: every division by ten is equally tall."
    )
    figure = curves.rates_figure(
        view.records, x=x, log=log, planned=planned(view), fork=curves.fork_mark(view.spec), steps=view.steps
    )
    draw_chart(figure, "run-rates", SMALL, "The learning rate of each group of weights.", linked=f"run {x}")
