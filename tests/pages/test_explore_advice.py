"""Advice on the Explore page, without a browser: the chart, what is advised, the links that use it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.charts.quadrants import quadrants_figure
from pages.ui.common.spec_sharing import from_query_params
from tests.advice.measured import measured
from tests.pages.visits import opened, said, table_of
from tl_core import explorations
from tl_core.advice import MUCH, QUADRANTS, advise, position
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import KINDS, Asked, Exploration
from tl_core.records import Status
from tl_core.results.advice import AdviceOptions, Measured

SPEC = PRESETS["feature-extraction"].spec({"data.source": "digits"})


def answered(models: Path, found: Measured) -> Exploration:
    made = explorations.create(models, Asked(KINDS["advice"], SPEC, AdviceOptions()))
    explorations.write_result(made, found)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    return made


def links(page: AppTest) -> list[ExperimentSpec]:
    """The experiments that the links to the Train page fill in."""
    found = [link.proto for link in page.get("page_link") if link.proto.label == "Use this preset"]
    return [ExperimentSpec().with_values(from_query_params(dict(parse_qsl(link.query_string)))) for link in found]


def test_what_is_advised_stands_beside_the_chart_with_a_link_that_fills_the_form(models: Path) -> None:
    found = measured(0.4)
    page = opened("explore", id=answered(models, found).id)
    expected = advise(SPEC, found)
    assert expected.first.title in said(page)
    assert links(page) == [option.spec for option in expected.options]
    assert "Only the weights of EfficientNetLite0 are here" in said(page)
    assert [row[0][0] for row in table_of(page, "Backbones")] == ["EfficientNetLite0", "VGG16"]


def test_where_the_sources_disagree_both_are_offered(models: Path) -> None:
    page = opened("explore", id=answered(models, measured(-0.4, above=0.0, images=2 * MUCH[1])).id)
    assert "Fine-tuning everything" in said(page) and "From scratch" in said(page)
    assert len(links(page)) == 2


@pytest.mark.parametrize("changes", [{"backbone.weights": "random"}])
def test_what_cannot_be_advised_about_is_said_and_blocks_the_button(models: Path, changes: dict[str, str]) -> None:
    page = opened("explore", question="advice", **{"data.source": "digits", **changes})
    assert page.button(key="explore_start").disabled
    assert "pretrained weights" in said(page)


def test_the_chart_has_the_dataset_with_its_interval_and_every_quadrant() -> None:
    where = position(measured(0.4))
    figure = quadrants_figure(where)
    (point,) = figure["data"]
    assert (point["x"], point["y"]) == ([0.4], [where.images])
    assert point["error_x"]["array"] == [pytest.approx(0.1)]
    names = [mark["text"] for mark in figure["layout"]["annotations"]]
    assert all(any(row.title in name for name in names) for row in QUADRANTS)


@pytest.mark.parametrize("images", [1, 5_000_000])
def test_a_dataset_of_any_size_is_inside_the_chart(images: int) -> None:
    low, high = quadrants_figure(position(measured(images=images)))["layout"]["yaxis"]["range"]
    assert 10**low < images < 10**high
