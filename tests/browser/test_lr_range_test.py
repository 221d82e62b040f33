"""The learning-rate finder as people use it: start, cancel, start again, go on with something else, take what it suggests."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, SMALL, TRAINED, form, quiet, settled, until

pytestmark = pytest.mark.long

AUGMENTED = {**SMALL, "augment": '{"rotation":15}'}
CURVES = "[...document.querySelectorAll('.st-key-finder .js-plotly-plot')].flatMap(p => p.data.map(t => t.x.length))"


def find(page: Page) -> None:
    button = page.get_by_role("button", name="Find a learning rate")
    expect(button).to_be_enabled(timeout=SEEN)
    button.click()


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Find a learning rate")).to_be_enabled(timeout=SEEN)
    expect(page.locator(".st-key-finder-progress")).to_have_count(0)


def keep(page: Page, name: str) -> None:
    """A screenshot with the finder in the middle."""
    page.locator(".st-key-finder").evaluate("element => element.scrollIntoView({block: 'center'})")
    page.mouse.move(0, 0)
    quiet(page)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_a_search_is_cancelled_started_again_and_its_suggestion_taken(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **AUGMENTED))
    expect(page.get_by_text("epoch 9").first).to_be_visible(timeout=TRAINED * 1000)
    find(page)
    expect(page.get_by_text(re.compile(r"Decoding|Computing features|Testing")).first).to_be_visible(
        timeout=TRAINED * 1000
    )
    keep(page, "finder-search-light-1280")
    cancel(page)
    find(page)
    # Its clicks are heeded meanwhile, and end nothing.
    shown = page.get_by_text(re.compile(r"^\d: \d/"))
    before = shown.inner_text()
    page.get_by_role("button", name="Another image").click()
    expect(shown).not_to_have_text(before, timeout=SEEN)
    use = page.get_by_role("button", name=re.compile("^.*Use "))
    expect(use).to_be_visible(timeout=TRAINED * 1000)
    until(lambda: len(page.evaluate(CURVES)) == 3, "the chart")
    assert min(page.evaluate(CURVES)) >= 5
    expect(page.get_by_text("is the careful choice")).to_be_visible()
    settled(page)
    keep(page, "finder-found-light-1280")
    rate = re.search(r"[\d.e-]+$", use.inner_text())
    assert rate
    use.click()
    expect(page).to_have_url(re.compile(rf"learning_rate={rate.group()}(&|$)"), timeout=SEEN)
    expect(page.get_by_label("Learning rate", exact=True).first).to_have_value(rate.group())
    expect(use).to_be_visible()  # What it was taken from stays.


def test_settings_that_are_changed_break_it_off_and_the_page_says_so(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **SMALL))
    find(page)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=SEEN)
    batch = page.get_by_role("spinbutton", name="Batch size")
    batch.fill("16")
    batch.press("Enter")
    expect(page.get_by_text("cancelled because the settings changed")).to_be_visible(timeout=SEEN)
    page.wait_for_timeout(1500)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)  # It does not start by itself.
    keep(page, "finder-broken-off-light-1280")


@pytest.mark.long
@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 400), ("dark", 400)])
def test_the_finder_fits_the_screen(browser: Browser, lab: Lab, scheme: Literal["light", "dark"], width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.goto(form(lab, **SMALL, **{"backbone.freeze": "all-but-1"}))
    find(page)
    use = page.get_by_role("button", name=re.compile("Use .* thawed"))
    searching = page.get_by_text(re.compile(r"Decoding|Computing features|Testing"))
    expect(searching.or_(use).first).to_be_visible(timeout=TRAINED * 1000)  # With stored features it may end at once.
    keep(page, f"finder-search-{scheme}-{width}")
    expect(use).to_be_visible(timeout=TRAINED * 1000)
    settled(page)
    keep(page, f"finder-found-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
