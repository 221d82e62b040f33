"""The tab Curves: how they are drawn, smoothed or not, on which scale, over what."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts import curves, points
from pages.ui.charts.component import draw_chart
from pages.ui.common.chart_controls import log_scale, smoothing, x_axis
from pages.ui.common.run_view import ACTIVE, RunView

HEIGHT, SMALL = 380, 240
ROOM = 22
"""Characters of another run's title that fit into a chart."""

MEASURES: tuple[curves.Measure, ...] = ("accuracy", "loss")

EXPLAINED = """
- **Validation**: on images the network never trains on. This is how good it is.
- **Training, clean**: on plain training images, after the epoch. Only this is comparable with validation; the shaded gap between
  the two is what the network memorised.
- **Training, reported**: measured during training, with dropout and augmentation, averaged over the epoch. It may be
  below validation, and says nothing about overfitting.
- **Grey band**: epochs of the run this one was forked from. They do not count for this run.
- **Dotted line**: a new phase begins. *head*: the backbone is frozen. *thaw 1, 2 …*: stages of unfreezing. *fine-tune*: all thawed
  blocks train. *from 7*: settings were changed during training, in force from that epoch on.
- **★ Best epoch**: the one with the lowest validation loss, or the highest accuracy if the setting *Best* says so. Its network
  is exported and tested; if *Restore best* is off, that of the last epoch.
"""


def draw_curves(view: RunView) -> None:
    if not view.lines and view.status not in ACTIVE:
        st.caption("The run ended before its first epoch was complete: there is no curve.")
        return
    if len(view.lines) == 1 and view.spec is not None and view.spec.head.solved:
        st.caption("This classifier is solved in one step: there is one point and no curve.")
    x, weight, log = _choices()
    with st.grid(2, min_column_width=330, key="charts"):
        for measure in MEASURES:
            with st.container():
                _chart(view, measure, x, weight, log and measure == "loss")
    if view.lines:
        _below(view, x)


def _choices() -> tuple[curves.X, float, bool]:
    """How the curves are drawn, kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve_choices"):
        return x_axis("x"), smoothing("smoothing"), log_scale("log")


def _chart(view: RunView, measure: curves.Measure, x: curves.X, weight: float, log: bool) -> None:
    figure = curves.run_figure(
        view.lines,
        measure=measure,
        x=x,
        smoothing=weight,
        log=log,
        best_epoch=view.best_epoch,
        inherited_from=_short(view.forked_from.title) if view.forked_from else "",
    )
    draw_chart(figure, f"run-{measure}", HEIGHT, _alt(view, measure))


def _short(title: str) -> str:
    """A title for which a phone's chart has room."""
    return title if len(title) <= ROOM else f"{title[:ROOM].rstrip(' ,…')}…"


def _alt(view: RunView, measure: curves.Measure) -> str:
    if not view.lines:
        return f"{measure.capitalize()}: {curves.NOTHING_YET}"
    last, inherited = view.lines[-1], len(view.lines) - len(view.own)
    best = f" The best epoch is {view.best_epoch}." if view.own else ""
    before = f" The first {inherited} are inherited from the run it was forked from." if inherited else ""
    return (
        f"{measure.capitalize()} over {len(view.lines)} epochs; the last: training, clean {last[f'train_eval_{measure}']:.3f}, "
        f"validation {last[f'val_{measure}']:.3f}.{best}{before}"
    )


def _below(view: RunView, x: curves.X) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("What the curves mean", icon=":material/help:"):
            st.markdown(EXPLAINED)
        st.download_button(
            "Metrics as CSV",
            lambda: points.curves_csv(view.lines),
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


def _rates(view: RunView, x: curves.X) -> None:
    if not any(line.get("learning_rate") for line in view.lines):
        st.caption("This classifier is solved without a learning rate.")
        return
    log = st.toggle(
        "Log scale", True, key="rates_log", help="A logarithmic axis: every division by ten is equally tall."
    )
    figure = curves.rates_figure(view.lines, x=x, log=log)
    draw_chart(figure, "run-rates", SMALL, "The learning rate of each group of weights.")
