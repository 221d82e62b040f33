"""The depth probe on the Explore page, without a browser: the chart, the suggestion, and the way to the Train page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pages.ui.charts.depth_probe import depth_probe_alt, depth_probe_figure
from tests.explorations.results import ASKED, PROBE
from tests.pages.visits import opened, said
from tl_core import explorations
from tl_core.records import Status


def test_the_suggested_depth_sets_the_freeze_depth_of_the_train_page(models: Path) -> None:
    made = explorations.create(models, ASKED)
    explorations.write_result(made, PROBE)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    page = opened("explore", id=made.id)
    assert "block2 is best" in said(page)
    links = {link.proto.label: link.proto.query_string for link in page.get("page_link")}
    assert "backbone.output=block2" in links["Train a head on block2"]
    assert not any(label.startswith("Freeze up to") for label in links), "nothing lies above the last block"


def test_blocks_above_are_trained_below_a_classifier_that_trains(models: Path) -> None:
    asked = replace(ASKED, spec=ASKED.spec.with_values({"head.classifier": "ridge", "head.dropout": 0.2}))
    made = explorations.create(models, asked)
    explorations.write_result(made, replace(PROBE, depths=PROBE.depths[::-1]))
    explorations.write_state(made, status=Status.FINISHED)
    links = {link.proto.label: link.proto.query_string for link in opened("explore", id=made.id).get("page_link")}
    assert "head.classifier" not in links["Freeze up to block2, train the rest"]
    assert "head.classifier=ridge" in links["Train a head on block2"]


def test_accuracies_and_costs_share_an_axis_and_depths_as_good_as_the_best_are_filled() -> None:
    figure = depth_probe_figure(PROBE)
    traces = {trace["uid"]: trace for trace in figure["data"]}
    linear = traces["Linear classifier"]
    assert linear["x"] == ["block1", "block2"] and linear["y"] == [0.6, 0.9]
    assert linear["marker"]["symbol"] == ["circle-open", "circle"]
    assert traces["Linear, training images"]["y"] == [0.7, 0.95]
    assert traces["Training all above"]["y"] == [30, 30] and traces["Cached feature maps"]["y"] == [409_600] * 2
    accuracies, costs = (figure["layout"][axis]["domain"] for axis in ("yaxis", "yaxis2"))
    assert costs[1] < accuracies[0]
    (band,) = figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (0.5, 1.5), "the suggested block"
    assert PROBE.reading in depth_probe_alt(PROBE)
