"""The learning-rate finder of the Train page: asked for, drawn, and put into the form."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.charts import lr_range_test
from pages.ui.train.learning_rate import search_text
from tests.pages import visits
from tl_core import service
from tl_core.errors import RunFailed
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.lr_range_test import Finding
from tl_core.service import jobs

TESTING = Activity(Stage.LR_RANGE_TEST)
RATES = tuple(10.0**power for power in range(-7, 2))
LOSSES = (2.0, 2.0, 2.0, 1.9, 1.2, 0.8, 1.5, 9.0, 90.0)


def found(steepest: float | None = 3e-4, share: float | None = None) -> Finding:
    validation = tuple(zip(RATES[::2], LOSSES[::2], strict=True))
    careful = None if steepest is None else 1e-3
    return Finding("head", RATES, LOSSES, LOSSES, validation, share, steepest, careful, True, 100)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ExperimentSpec]:
    """The experiments a rate was looked for; the service answers at once."""
    specs: list[ExperimentSpec] = []

    def answer(models: Path, spec: ExperimentSpec, progress: ProgressCallback) -> Finding:
        specs.append(spec)
        progress(TESTING, 3, 100)
        return found(share=0.1 if spec.backbone.freeze != "all" else None)

    monkeypatch.setattr(service, "run_range_test", answer)
    return specs


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> list[ExperimentSpec]:
    """The experiments a rate is looked for without end."""
    specs: list[ExperimentSpec] = []

    def answer(models: Path, spec: ExperimentSpec, progress: ProgressCallback) -> Finding:
        specs.append(spec)
        while True:
            progress(TESTING, 34, 100)
            time.sleep(0.01)

    monkeypatch.setattr(service, "run_range_test", answer)
    return specs


def search(page: AppTest) -> service.Search:
    held = page.session_state["train.search"][1]
    assert isinstance(held, service.Search)
    return held


def after_search(page: AppTest) -> AppTest:
    """The page once the search it has begun is over; in a browser it looks by itself."""
    assert search(page).join(10)
    page.run()
    assert not page.exception
    return page


def under_way(page: AppTest) -> AppTest:
    """The page once the search says how far it is."""
    ends = time.monotonic() + 10
    while search(page).look().done != 34:
        assert time.monotonic() < ends
        time.sleep(0.01)
    return page.run()


def keys(page: AppTest) -> set[str | None]:
    return {button.key for button in page.button}


def rate(page: AppTest) -> float:
    return float(page.session_state["train.values"]["train.learning_rate"])


def test_nothing_is_looked_for_until_somebody_asks(models: Path, asked: list[ExperimentSpec]) -> None:
    page = visits.opened("train")
    assert asked == []
    after_search(visits.press(page, "find"))
    assert len(asked) == 1
    assert "Where the smoothed training loss falls fastest" in visits.said(page)


def test_the_suggestion_is_put_into_the_form_and_stays_in_sight(models: Path, asked: list[ExperimentSpec]) -> None:
    page = after_search(visits.press(visits.opened("train"), "find"))
    assert page.button(key="use_rate").label == "Use 0.0003"
    visits.press(page, "use_rate")
    assert rate(page) == 3e-4
    assert page.number_input(key="set:train.learning_rate").value == 3e-4
    assert visits.address(page)["train.learning_rate"] == "0.0003"
    assert page.button(key="use_rate")
    assert len(asked) == 1


def test_rates_of_thawed_layers_are_suggested_with_it(models: Path, asked: list[ExperimentSpec]) -> None:
    page = after_search(visits.press(visits.opened("train", **{"backbone.freeze": "all-but-2"}), "find"))
    assert page.button(key="use_rate").label == "Use 0.0003, 3e-05 for thawed layers"
    visits.press(page, "use_rate")
    assert page.session_state["train.values"]["train.backbone_learning_rate"] == 3e-5


def test_another_experiment_shows_no_finding_of_the_one_before(models: Path, asked: list[ExperimentSpec]) -> None:
    page = after_search(visits.press(visits.opened("train"), "find"))
    page.slider(key="set:head.dropout").set_value(0.5).run()
    assert "use_rate" not in keys(page)
    page.slider(key="set:head.dropout").set_value(ExperimentSpec().head.dropout).run()
    assert "use_rate" in keys(page)
    assert len(asked) == 1


def test_it_says_how_far_it_is_and_what_else_is_clicked_does_not_disturb_it(
    models: Path, endless: list[ExperimentSpec]
) -> None:
    page = under_way(visits.press(visits.opened("train"), "find"))
    assert page.button(key="find").disabled
    assert "step 34 of 100" in page.get("progress")[0].proto.text
    page.number_input(key="set:train.learning_rate").set_value(0.5).run()  # It is what is looked for.
    assert not page.exception
    assert "cancel_find" in keys(page)
    assert len(endless) == 1
    search(page).cancel()


def test_a_cancelled_search_is_gone_within_a_second_and_may_be_started_again(
    models: Path, endless: list[ExperimentSpec]
) -> None:
    page = under_way(visits.press(visits.opened("train"), "find"))
    first = search(page)
    visits.press(page, "cancel_find")
    assert first.join(1)
    assert "cancel_find" not in keys(page)
    page.run()
    assert len(endless) == 1
    visits.press(page, "find")
    under_way(page)
    assert len(endless) == 2
    search(page).cancel()


def test_one_that_changed_settings_break_off_says_so_and_does_not_start_by_itself(
    models: Path, endless: list[ExperimentSpec]
) -> None:
    page = under_way(visits.press(visits.opened("train"), "find"))
    first = search(page)
    page.slider(key="set:head.dropout").set_value(0.5).run()
    assert first.join(1)
    assert "cancelled because the settings changed; start it again" in visits.said(page)
    page.run()
    assert "cancelled because" in visits.said(page)
    assert len(endless) == 1
    assert not page.button(key="find").disabled
    page.slider(key="set:head.dropout").set_value(0.6).run()
    assert "cancelled because" not in visits.said(page)


def test_one_whose_page_was_left_says_so_on_the_way_back(
    models: Path, endless: list[ExperimentSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = under_way(visits.press(visits.opened("train"), "find"))
    monkeypatch.setattr(jobs, "ABANDONED", 0.1)
    after_search(page)
    assert "cancelled because its page was closed; start it again" in visits.said(page)
    assert len(endless) == 1


def test_what_kept_it_from_being_found_is_said(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def fail(*_: Any, **__: Any) -> Finding:
        tries.append(1)
        raise RunFailed("A test takes too long.")

    monkeypatch.setattr(service, "run_range_test", fail)
    page = after_search(visits.press(visits.opened("train"), "find"))
    assert r"No learning rate was found\: A test takes too long." in visits.said(page)
    page.run()
    assert len(tries) == 1
    after_search(visits.press(page, "find"))
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("stand", "said"),
    [
        (service.Stand(), "Starting…"),
        (service.Stand(Activity(Stage.FEATURES), 3, 32, 0.1), "Computing features: 3 of 32…"),
        (service.Stand(TESTING, 34, 100, 0.6, 3.6), "Testing learning rates: step 34 of 100 · 4 s left"),
        (service.Stand(TESTING, 99, 100, 0.9, 0.1), "Testing learning rates: step 99 of 100 · almost done"),
    ],
)
def test_the_time_left_is_said_as_far_as_it_is_known(stand: service.Stand, said: str) -> None:
    assert search_text(stand) == said


def test_preparation_that_takes_longer_than_expected_claims_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page said "at most 0 s left" while it went on."""
    now = [1000.0]
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: now[0]))
    said: list[service.Stand] = []
    watched = threading.Event()

    def prepare(progress: ProgressCallback) -> Finding:
        watched.wait(10)
        for second in range(0, 300, 10):
            now[0] = 1000.0 + second
            said.append(looked(second, progress))
        return found()

    def looked(done: int, progress: ProgressCallback) -> service.Stand:
        progress(Activity(Stage.FEATURES), done, 300)
        return search.look()

    search = service.Search(prepare)
    watched.set()
    assert search.join(10)
    assert len(said) == 30
    assert {stand.left for stand in said} == {None}
    assert search.look().found == found()


def test_settings_that_take_too_long_to_test_say_so_at_once(models: Path, asked: list[ExperimentSpec]) -> None:
    page = visits.opened("train", **{"backbone.name": "VGG16", "backbone.weights": "random", "backbone.freeze": "none"})
    assert page.button(key="find").disabled
    assert "Even a short test of this experiment takes about" in visits.said(page)
    assert asked == []


def test_a_solved_classifier_is_not_asked_for_a_rate(models: Path) -> None:
    page = visits.opened("train", **{"head.classifier": "logistic-regression", "head.dropout": "0"})
    assert not [button for button in page.button if button.key == "find"]


def test_the_chart_marks_the_suggestion_and_ends_where_the_loss_explodes() -> None:
    figure = lr_range_test.range_test_figure(found())
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert [trace["name"] for trace in figure["data"]] == ["Training, measured", "Training", "Validation"]
    assert figure["layout"]["shapes"][0]["x0"] == 3e-4
    assert "try 0.0003" in figure["layout"]["annotations"][0]["text"]
    assert figure["layout"]["yaxis"]["range"][1] == pytest.approx(3.2)
    assert "falls fastest at 0.0003" in lr_range_test.range_test_alt(found())


def test_a_test_without_validation_losses_is_drawn_all_the_same() -> None:
    figure = lr_range_test.range_test_figure(replace(found(), val_losses=()))
    assert figure["layout"]["yaxis"]["range"][1] == pytest.approx(3.2)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    flat = found(steepest=None)
    assert lr_range_test.range_test_figure(flat)["layout"]["shapes"] == []
    assert "never falls" in lr_range_test.range_test_alt(flat)
    assert flat.settings == {}
