"""The view Map: clean training against validation, each run a path."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.component import draw_chart
from pages.ui.charts.overfitting_map import map_figure
from pages.ui.charts.points import last_known
from pages.ui.charts.series import Series, series_of
from pages.ui.charts.traces import NOT_MEASURED
from pages.ui.compare import colouring
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.controls import ChartView
from pages.ui.compare.grouping import Group

HEIGHT = 460

EXPLAINED = (
    "Each run is a path over its epochs, ★ the exported epoch, the large symbol the last. On the dashed line training and validation are equal; "
    "the further a path runs {away} it, the more the network memorises."
)


def draw_map(groups: Sequence[Group], view: ChartView, found: Colouring) -> None:
    """The map in accuracy; in loss, if the measure is one of loss."""
    quantity = "loss" if "loss" in view.quantity else "accuracy"
    drawn = paths(groups, found, quantity)
    if not drawn:
        st.info("The first point appears when the first epoch is done.", icon=":material/hourglass_empty:")
        return
    colouring.draw_legend(found, view.colour_by)
    figure = map_figure(drawn, quantity=quantity, smoothing=view.smoothing, log=view.log and quantity == "loss")
    draw_chart(figure, f"compare-map-{quantity}", HEIGHT, said_of(drawn, quantity), on_open=_open)
    st.caption(f"{explained(quantity)} A click on a path opens its run.")


def paths(groups: Sequence[Group], found: Colouring, quantity: str) -> list[Series]:
    """A path for each run that has an epoch, in the colour of its group."""
    runs = (run for group in groups for run in group.runs if run.epochs)
    return [series_of(run.named(found.of.get(run.id, "")), quantity, "epoch", ("val", "clean")) for run in runs]


def explained(quantity: str) -> str:
    """How the map is read."""
    return EXPLAINED.format(away="below" if quantity == "accuracy" else "above")


def _open(run: str) -> None:
    navigation.go("run", run=run)


def said_of(drawn: Sequence[Series], quantity: str) -> str:
    """What the map shows, in words."""
    ends = [f"{one.title} ends at {end}" for one in drawn if (end := _end_text(one))]
    return f"Validation {quantity} over clean training {quantity}: {'; '.join(ends) + '.' if ends else NOT_MEASURED}"


def _end_text(one: Series) -> str:
    """The last point of a path; empty if it has none."""
    if not {"val", "clean"} <= one.curves.keys():
        return ""
    clean, validation = one.curves["clean"].values, one.curves["val"].values
    last = last_known(clean, validation)
    return "" if last is None else f"training {clean[last]:.3f}, validation {validation[last]:.3f}"
