"""The depth probe on the Explore page, without a browser: the chart, the suggestion, and the way to the Train page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.charts.depth_probe import depth_probe_alt, depth_probe_figure
from tests.explorations.results import ASKED, PROBE
from tests.pages.visits import opened, press, said, table_of
from tl_core import explorations
from tl_core.experiment.solved import SOLVED
from tl_core.explorations import Asked
from tl_core.records import Status
from tl_core.results.depth_probe import DepthProbeOptions, Probe
from tl_core.service import exploring


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


def with_heads(*accuracies: float) -> Probe:
    """The probe with a random projection that has these accuracies."""
    depths = zip(PROBE.depths, accuracies, strict=True)
    return replace(
        PROBE,
        depths=tuple(
            replace(
                depth, heads={"random-projection": replace(depth.ridge, accuracy=one, low=one - 0.1, high=one + 0.05)}
            )
            for depth, one in depths
        ),
    )


def test_each_head_that_was_probed_is_a_line_with_intervals_and_leads_to_the_block_on_which_it_is_best(
    models: Path,
) -> None:
    asked = replace(ASKED, options=DepthProbeOptions(("random-projection",)))
    made = explorations.create(models, asked)
    found = with_heads(0.94, 0.93)
    explorations.write_result(made, found)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    page = opened("explore", id=made.id)
    assert page.button_group(key="depth_heads").value == ["random-projection"]
    assert page.button(key="explore_start").label == "Probe the blocks again"
    title = SOLVED["random-projection"].title
    (links,) = (link.proto.query_string for link in page.get("page_link") if link.proto.label == f"{title} on block1")
    assert "head.classifier=random-projection" in links and "backbone.output=block1" in links
    assert [row[3][0] for row in table_of(page, "Blocks")] == ["0.940 (0.840 to 0.990)", "0.930 (0.830 to 0.980)"]
    line = {trace["uid"]: trace for trace in depth_probe_figure(found)["data"]}[title]
    assert line["y"] == [0.94, 0.93]
    assert line["error_y"]["array"] == pytest.approx([0.05] * 2) and line["error_y"]["arrayminus"] == pytest.approx(
        [0.1] * 2
    )
    assert "block2 is best" in said(page), "the suggestion rests on the linear classifier"


def test_the_heads_that_are_chosen_are_asked(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Asked] = []

    def explore(folder: Path, asked: Asked) -> explorations.Exploration:
        begun.append(asked)
        return explorations.create(folder, asked)

    monkeypatch.setattr(exploring, "explore", explore)
    page = opened("explore", question="depth-probe")
    press(page, "explore_start")
    page = opened("explore", question="depth-probe")
    page.button_group(key="depth_heads").set_value(["random-projection", "lda"]).run()
    press(page, "explore_start")
    assert [asked.options.heads for asked in begun] == [("lda", "nearest-mean"), ("lda", "random-projection")]
