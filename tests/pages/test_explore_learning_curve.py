"""The learning curve on the Explore page, without a browser: the question, the answer in words, the chart, the way to a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.charts.learning_curve import learning_curve_alt, learning_curve_figure
from tests.explorations.results import CURVE
from tests.pages.visits import opened, press, said
from tl_core import explorations
from tl_core.experiment.presets import PRESETS
from tl_core.explorations import KINDS, Asked, Exploration
from tl_core.records import Status
from tl_core.results.learning_curve import Answer, Doubt, LearningCurve, LearningCurveOptions
from tl_core.service import exploring

ASKED = Asked(KINDS["learning-curve"], PRESETS["feature-extraction"].spec(), LearningCurveOptions())


def answered(models: Path, found: LearningCurve = CURVE) -> Exploration:
    made = explorations.create(models, ASKED)
    explorations.write_result(made, found)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    return made


def test_the_number_of_draws_is_asked_for(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Asked] = []

    def explore(models: Path, asked: Asked) -> Exploration:
        begun.append(asked)
        return explorations.create(models, asked)

    monkeypatch.setattr(exploring, "explore", explore)
    page = opened("explore", question="learning-curve")
    page.segmented_control(key="curve_draws").select(8).run()
    press(page, "explore_start")
    assert begun[0].options == LearningCurveOptions(draws=8)


def test_the_answer_its_promises_and_what_was_left_out_are_said(models: Path) -> None:
    page = opened("explore", id=answered(models).id)
    shown = said(page).replace("\\", "")
    assert "More data. Twice the images promise to lower the error by 2.0 points" in shown
    assert "Four times the images (1,440)" in shown
    assert "shown but not fitted" in shown
    links = [link.proto.label for link in page.get("page_link")]
    assert {"Train with L2 0.0001", "Train on 30 images a class", "Train as it is"} <= set(links)


def test_a_result_so_far_is_a_chart_without_an_answer(models: Path) -> None:
    page = opened("explore", id=answered(models, replace(CURVE, complete=False)).id)
    assert "More data." not in said(page)
    assert not page.exception


def test_an_experiment_whose_head_a_bank_cannot_train_is_refused_with_a_remedy(models: Path) -> None:
    page = opened("explore", question="learning-curve", **{"backbone.freeze": "none"})
    assert page.button(key="explore_start").disabled
    assert "Set it to all" in said(page)


def test_the_chart_draws_every_point_open_where_it_is_not_fitted_and_the_law_beyond_today() -> None:
    traces = {trace["uid"]: trace for trace in learning_curve_figure(CURVE)["data"]}
    own = traces["This experiment"]
    assert own["x"] == [18, 45, 90, 180, 360]
    assert own["marker"]["symbol"] == ["circle-open", *["circle"] * 4]
    assert len(traces["draws"]["x"]) == 20
    assert traces["law fitted"]["line"]["dash"] == "solid" and traces["law fitted"]["x"][-1] == 360
    assert traces["law promised"]["line"]["dash"] == "dash" and traces["law promised"]["x"][-1] == 1440
    assert traces["promised"]["x"] == [720, 1440]
    assert traces["promised"]["error_y"]["arrayminus"] == pytest.approx([0.04, 0.05])


def test_without_a_law_only_what_was_measured_is_drawn() -> None:
    bare = replace(CURVE.own, law=None, band=(), promised=(), doubts=(Doubt.FEW_POINTS,))
    found = replace(CURVE, own=bare, stronger=bare, answer=Answer.UNKNOWN, more_than_data=None)
    uids = {trace["uid"] for trace in learning_curve_figure(found)["data"]}
    assert uids == {"draws", "Stronger L2", "This experiment", "training"}
    assert learning_curve_alt(found).endswith("360. ")
