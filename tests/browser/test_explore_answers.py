"""Answers of the Explore page in a browser: kept and asked anew, the way to the Train page, and from what is advised to a run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages.ui.common.spec_sharing import from_query_params
from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, SMALL, TRAINED, on_run_page, press_train, settled, status, until
from tests.explorations.results import ASKED, CURVE, PROBE
from tl_core import explorations, store
from tl_core.advice import advise
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import KINDS, Asked
from tl_core.records import Status
from tl_core.results.learning_curve import LearningCurveOptions

TRACES = "[...document.querySelectorAll('.js-plotly-plot')].flatMap(p => p.data.map(t => t.name))"

CURVE_ASKED = Asked(KINDS["learning-curve"], ASKED.spec, LearningCurveOptions())


@pytest.fixture
def kept(still_lab: Lab) -> Iterator[dict[str, str]]:
    """The addresses of a kept answer of each kind."""
    addresses = {}
    for asked, result in ((ASKED, PROBE), (CURVE_ASKED, CURVE)):
        made = explorations.create(still_lab.models, asked)
        explorations.write_result(made, result)
        explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
        addresses[asked.kind.name] = f"{still_lab.address}/explore?id={made.id}"
    yield addresses
    shutil.rmtree(still_lab.models / explorations.folder.FOLDER)


@pytest.mark.slow
def test_a_kept_answer_is_a_chart_that_fits_a_phone_and_leads_to_the_train_page(
    page: Page, kept: dict[str, str]
) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    for kind, trace, label, setting in (
        ("depth-probe", "Linear classifier", "Train a head on block2", r"backbone\.output=block2"),
        ("learning-curve", "Promised", "Train on 30 images a class", r"data\.images_per_class=30"),
    ):
        page.goto(kept[kind])
        until(lambda trace=trace: trace in page.evaluate(TRACES), f"the chart of {kind}")
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.screenshot(path=SCREENSHOTS / f"explore-{kind}-400.png")
        page.get_by_role("link", name=label).click()
        expect(page).to_have_url(re.compile(rf"/train\?.*{setting}"), timeout=SEEN)


@pytest.mark.long
@pytest.mark.parametrize(
    ("question", "button", "trace", "link"),
    [
        ("depth-probe", "Probe the blocks", "Linear classifier", re.compile("Train a head on ")),
        ("learning-curve", "Measure the learning curve", "This experiment", re.compile("Train on .* images a class")),
    ],
)
def test_a_question_is_asked_and_its_answer_leads_to_the_train_page(
    page: Page, lab: Lab, question: str, button: str, trace: str, link: Any
) -> None:
    page.goto(f"{lab.address}/explore?{urlencode({'question': question, **SMALL})}")
    asking = page.get_by_role("button", name=button)
    expect(asking).to_be_enabled(timeout=SEEN)
    asking.click()
    expect(page.get_by_text("Answered in")).to_be_visible(timeout=2 * TRAINED * 1000)
    until(lambda: trace in page.evaluate(TRACES), "the chart")
    settled(page)
    page.screenshot(path=SCREENSHOTS / f"explore-{question}-answered.png")
    page.get_by_role("link", name=link).click()
    expect(page).to_have_url(re.compile(r"/train\?.*data\.source=digits"), timeout=SEEN)


@pytest.mark.long
def test_what_is_advised_fills_the_form_of_the_train_page_and_becomes_a_run(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.address}/explore?{urlencode({'question': 'advice', **SMALL})}")
    page.get_by_text("Also score the other backbones").click()
    settled(page)
    page.get_by_role("button", name="Measure and advise").click()
    expect(page.get_by_text("Answered in")).to_be_visible(timeout=2 * TRAINED * 1000)
    (made,) = explorations.explorations(lab.models, "advice")
    asked = explorations.read_asked(made)
    advised = advise(asked.spec, explorations.read_result(made)).first
    assert not asked.options.backbones and asked.spec.data.images_per_class == 12
    expect(page.get_by_text(f"Advised: {advised.title}")).to_be_visible(timeout=SEEN)
    settled(page)
    page.screenshot(path=SCREENSHOTS / "explore-advice-answered.png")
    page.get_by_role("link", name="Use this preset").first.click()
    expect(page).to_have_url(re.compile(r"/train\?"), timeout=SEEN)
    settled(page)
    held = dict(parse_qsl(urlsplit(page.url).query))
    assert ExperimentSpec().with_values(from_query_params(held)) == advised.spec
    press_train(page)
    run = on_run_page(page, lab)
    assert store.read_spec(run) == advised.spec.anchored()
    status(page, "finished")
