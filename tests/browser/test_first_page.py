"""The first page as people see it. The screenshots it keeps are for people to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store

pytestmark = pytest.mark.slow

SCREENSHOTS = Path(__file__).parent / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SEEN = 20_000
"""Milliseconds within which what is on disk must be on the page; the page itself looks every one to three seconds."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def cell(page: Page, text: str) -> None:
    """Waits for a cell of the table of runs with this text. The table is painted; its cells are there for screen readers."""
    expect(page.get_by_test_id("stDataFrame").locator("td", has_text=text).first).to_be_attached(timeout=SEEN)


def test_a_new_lab_says_how_to_start_a_run_and_asks_nobody_else(page: Page, address: str) -> None:
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    page.goto(address)
    expect(page.get_by_role("heading", name="TL Lab")).to_be_visible(timeout=SEEN)
    expect(page.get_by_text("No runs yet")).to_be_visible()
    expect(page.get_by_test_id("stCode").first).to_contain_text("-m tl_core train feature-extraction")
    expect(page).to_have_url(f"{address}/runs")
    page.goto(f"{address}/nowhere")
    expect(page.get_by_role("heading", name="TL Lab")).to_be_visible(timeout=SEEN)
    assert asked - {"127.0.0.1", None} == set()


def test_a_run_started_elsewhere_appears_and_moves_without_a_reload(page: Page, address: str, models: Path) -> None:
    page.goto(address)
    expect(page.get_by_text("No runs yet")).to_be_visible(timeout=SEEN)
    page.evaluate("window.neverReloaded = true")
    run = add_run(models, "from-a-terminal", accuracies=((0.8, 0.75),), **trained_here())
    cell(page, "from-a-terminal")
    cell(page, "1 of 10")
    store.append_metrics(run, epoch_line(2, 0.9, 0.825))
    cell(page, "2 of 10")
    cell(page, "82.5")
    store.write_state(run, status=store.FINISHED)
    cell(page, "finished")
    expect(page.get_by_text("1 finished")).to_be_visible(timeout=SEEN)
    assert page.evaluate("window.neverReloaded")


def test_the_first_visitor_may_come_by_a_deep_link_and_lands_inside_the_frame(
    page: Page, address: str, models: Path
) -> None:
    add_run(models, "here")
    page.goto(f"{address}/runs")
    cell(page, "here")
    expect(page).to_have_title("TL Lab")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("stHeaderLogo")).to_be_visible()


def several_runs(models: Path) -> None:
    falling = [(0.6 + 0.04 * epoch, 0.55 + 0.05 * epoch - 0.004 * epoch**2) for epoch in range(10)]
    add_run(models, accuracies=falling)
    add_run(models, "from-scratch", accuracies=[(0.5 + 0.05 * epoch, 0.45 + 0.02 * epoch) for epoch in range(10)])
    add_run(
        models, status=store.STOPPED, accuracies=falling[:4], message="Stopped by SIGINT; what was reached is kept."
    )
    add_run(models, "fine-tune", accuracies=falling[:6], **trained_here())
    add_run(models, "photos", accuracies=(), status=store.FAILED, message="The disk is full: models needs 2 GB more.")


def test_the_page_fits_every_screen(browser: Browser, address: str, models: Path) -> None:
    looks = {(scheme, width): opened(browser, address, scheme, width) for scheme in SCHEMES for width in (1280, 400)}
    for (scheme, width), page in looks.items():
        expect(page.get_by_test_id("stCode").last).to_contain_text("train fine-tune", timeout=SEEN)
        page.screenshot(path=SCREENSHOTS / f"empty-{scheme}-{width}.png")
    several_runs(models)
    for (scheme, width), page in looks.items():
        cell(page, "fine-tune")
        expect(page.get_by_text("The disk is full").first).to_be_visible(timeout=SEEN)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.wait_for_timeout(500)  # The table paints after its cells are there.
        page.screenshot(path=SCREENSHOTS / f"runs-{scheme}-{width}.png")


def opened(browser: Browser, address: str, scheme: Literal["light", "dark"], width: int) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 820}, color_scheme=scheme).new_page()
    page.goto(address)
    return page
