"""Back, Forward and reload keep the place: the page, what was asked for on it, and nothing between that nobody saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, cell, form, on_run_page, press_train
from tests.pages.folders import add_run

pytestmark = pytest.mark.slow


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=SEEN)


def runs_with_filter(page: Page) -> None:
    heading(page, "Runs")
    expect(page.get_by_placeholder("Find by title")).to_have_value("second", timeout=SEEN)
    cell(page, "second")
    expect(page.locator(".tl-table").get_by_text("first")).to_have_count(0)


def run_at_its_epochs(page: Page) -> None:
    heading(page, "second")
    expect(page.get_by_role("tab", name="Epochs")).to_have_attribute("aria-selected", "true", timeout=SEEN)


def compared_by_loss(page: Page) -> None:
    heading(page, "Compare")
    expect(measure(page)).to_have_value("loss", timeout=SEEN)
    chart_settings(page)
    smoothed(page, "0.1")
    page.keyboard.press("Escape")


def measure(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Measure")


def chart_settings(page: Page) -> None:
    """Unfolds them on the Compare page."""
    page.get_by_role("button", name="Chart settings").click()


def parameters(page: Page) -> dict[str, str]:
    """What the address asks of its page."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def smoothed(page: Page, value: str) -> None:
    expect(page.get_by_test_id("stSliderThumbValue")).to_have_text(f"{float(value):.2f}", timeout=SEEN)


def smoothe(page: Page) -> None:
    """Two steps up."""
    page.get_by_role("slider", name="Smoothing").focus()
    for now in ("0.05", "0.1"):
        page.keyboard.press("ArrowRight")
        smoothed(page, now)


def link(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def entries(page: Page) -> list[str]:
    """The browser's history from the first page of the dashboard on, paths only."""
    session = page.context.new_cdp_session(page)
    urls = [entry["url"] for entry in session.send("Page.getNavigationHistory")["entries"]]
    return [found[1] for url in urls if (found := re.match(r"http://[^/]+(/\w*)", url))]


@pytest.mark.long
def test_back_and_forward_go_from_page_to_page_and_find_each_as_it_was_left(page: Page, still_lab: Lab) -> None:
    for title in ("first", "second"):
        add_run(still_lab.models, title)
    page.goto(f"{still_lab.address}/runs")
    heading(page, "Runs")
    page.get_by_placeholder("Find by title").press_sequentially("second", delay=50)
    expect(page).to_have_url(re.compile("find=second"), timeout=SEEN)
    runs_with_filter(page)
    link(page, "second")
    on_run_page(page, still_lab)
    page.get_by_role("tab", name="Epochs").click()
    expect(page).to_have_url(re.compile("tab=Epochs"), timeout=SEEN)
    link(page, "Compare with …")
    heading(page, "Compare")
    measure(page).click()
    page.get_by_role("option", name="loss", exact=True).click()
    chart_settings(page)
    smoothe(page)
    page.keyboard.press("Escape")
    link(page, "Settings")
    heading(page, "Settings")
    assert entries(page) == ["/runs", "/run", "/compare", "/settings"]
    seen: list[Callable[[Page], None]] = [runs_with_filter, run_at_its_epochs, compared_by_loss]
    for step, looks in [(page.go_back, looks) for looks in reversed(seen)] + [(page.go_forward, seen[1])]:
        step()
        looks(page)
        page.wait_for_timeout(500)  # The page's script may still have something to say about the address.
    page.reload()
    run_at_its_epochs(page)
    assert entries(page) == ["/runs", "/run", "/compare", "/settings"]


@pytest.mark.long
def test_back_from_compare_keeps_how_the_curves_of_a_run_are_drawn(page: Page, still_lab: Lab) -> None:
    run = add_run(still_lab.models)
    page.goto(f"{still_lab.address}/run?run={run.id}")
    smoothe(page)
    link(page, "Compare with …")
    heading(page, "Compare")
    chart_settings(page)
    smoothed(page, "0")
    page.keyboard.press("Escape")
    assert parameters(page) == {"runs": run.id}
    page.go_back()
    smoothed(page, "0.1")
    assert parameters(page) == {"run": run.id, "smoothing": "0.1"}
    page.reload()
    smoothed(page, "0.1")
    assert entries(page) == ["/run", "/compare"]


@pytest.mark.long
def test_back_after_train_shows_the_form_as_it_was_changed(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **SMALL, **{"train.epochs": "1"}))
    epochs = page.get_by_role("spinbutton", name="Epochs", exact=True)
    expect(epochs).to_have_value("1", timeout=SEEN)
    epochs.fill("2")
    press_train(page)
    on_run_page(page, lab)
    page.go_back()
    heading(page, "Train")
    expect(epochs).to_have_value("2", timeout=SEEN)
    expect(page).to_have_url(re.compile("train.epochs=2"), timeout=SEEN)
    page.reload()
    expect(epochs).to_have_value("2", timeout=SEEN)
    assert parameters(page)["train.epochs"] == "2"


@pytest.mark.long
def test_reload_keeps_the_filter_and_the_runs_compared(page: Page, still_lab: Lab) -> None:
    runs = [add_run(still_lab.models, title) for title in ("first", "second")]
    page.goto(f"{still_lab.address}/runs?find=second")
    runs_with_filter(page)
    page.reload()
    runs_with_filter(page)
    assert parameters(page) == {"find": "second"}
    asked = {"runs": f"{runs[0].id},{runs[1].id}", "measure": "loss", "smooth": "0.1"}
    page.goto(f"{still_lab.address}/compare?{urlencode(asked)}")
    compared_by_loss(page)
    page.reload()
    compared_by_loss(page)
    assert parameters(page) == asked
    for title in ("first", "second"):
        expect(page.get_by_test_id("stMultiSelect")).to_contain_text(title, timeout=SEEN)


@pytest.mark.long
def test_a_cold_link_opens_at_its_tab_with_its_smoothing(page: Page, still_lab: Lab) -> None:
    run = add_run(still_lab.models, "second")
    page.goto(f"{still_lab.address}/run?run={run.id}&tab=Epochs")
    run_at_its_epochs(page)
    page.goto(f"{still_lab.address}/run?run={run.id}&smoothing=0.5&x=seconds")
    smoothed(page, "0.5")
    expect(page.get_by_role("radio", name="seconds")).to_be_checked(timeout=SEEN)
    assert parameters(page) == {"run": run.id, "smoothing": "0.5", "x": "seconds"}


@pytest.mark.long
def test_back_from_the_first_page_leads_out_of_the_dashboard(page: Page, still_lab: Lab) -> None:
    add_run(still_lab.models)
    page.goto(f"{still_lab.address}/settings")
    heading(page, "Settings")
    page.goto(still_lab.address)
    heading(page, "Runs")
    page.wait_for_timeout(1000)
    page.go_back()
    page.wait_for_timeout(1000)
    if not page.url.endswith("/settings"):  # The first time the bare address may lead on once more.
        page.go_back()
    heading(page, "Settings")
    assert page.url == f"{still_lab.address}/settings"
