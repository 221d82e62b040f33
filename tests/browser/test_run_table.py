"""The table of runs with mouse and keyboard, and what is left of it after Back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, on_run_page
from tests.pages.folders import add_run

pytestmark = pytest.mark.slow


def names(page: Page) -> Locator:
    return page.locator(".tl-table tbody th")


def selected(page: Page) -> Locator:
    return page.locator(".tl-table tr[aria-selected=true] th")


def test_the_table_is_sorted_best_first_walked_by_keys_and_found_after_back_as_it_was(
    page: Page, still_lab: Lab
) -> None:
    runs = {
        title: add_run(still_lab.models, title, ((0.9, share),))
        for title, share in (("middling", 0.7), ("good", 0.8), ("<b>bad</b> https://x.org", 0.6))
    }
    page.goto(f"{still_lab.address}/runs")
    page.get_by_role("button", name="Validation", exact=True).click()
    sorted_names = ["good", "middling", "<b>bad</b> https://x.org"]
    expect(names(page)).to_have_text(sorted_names, timeout=SEEN)
    page.keyboard.press("Tab")  # From the head to the first row.
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tl-table tr:focus th")).to_have_text("middling")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible(timeout=SEEN)
    page.keyboard.press("Enter")
    assert on_run_page(page, still_lab) == runs["<b>bad</b> https://x.org"]
    page.go_back()
    expect(page).to_have_url(re.compile("/runs.*sort=accuracy"), timeout=SEEN)
    expect(names(page)).to_have_text(sorted_names, timeout=SEEN)
    expect(selected(page)).to_have_text(sorted_names[1:])
    expect(page.get_by_text("2 selected")).to_be_visible(timeout=SEEN)


PALE = """id => [...document.querySelectorAll(".scatterlayer .trace")]
  .filter(trace => trace.style.opacity).map(trace => [...trace.classList].some(name => name.includes(id)))"""


def test_in_compare_the_chart_stays_above_the_table_and_lights_the_curve_of_the_row_pointed_at(
    page: Page, still_lab: Lab
) -> None:
    runs = [add_run(still_lab.models, f"run {number}") for number in range(7)]
    page.goto(f"{still_lab.address}/compare?runs={','.join(run.id for run in runs)}")
    expect(page.locator(".tl-chart-end")).to_have_text([f"run {number}" for number in range(7)], timeout=SEEN)
    last = page.locator(".tl-table tbody tr").last
    page.get_by_role("button", name="Curves as CSV").scroll_into_view_if_needed()
    last.hover()
    page.wait_for_function(f"id => ({PALE})(id).length > 0", arg=runs[-1].id)
    assert not any(page.evaluate(PALE, runs[-1].id)), "all are pale but the one pointed at"
    chart, row = page.locator(".tl-chart").bounding_box(), last.bounding_box()
    assert chart and row and chart["y"] >= 0 and chart["y"] + chart["height"] <= row["y"]
    page.locator(".tl-chart-end").first.click()
    expect(page.locator(".tl-chart-end[aria-pressed=false]")).to_have_text("run 0")


@pytest.mark.long
def test_a_table_fades_where_further_columns_follow(page: Page, still_lab: Lab) -> None:
    other = {"head.dropout": 0.5, "head.l2": 0.01, "train.batch_size": 16, "train.epochs": 99, "data.image_size": 96}
    runs = [add_run(still_lab.models, name, settings=settings) for name, settings in (("one", {}), ("other", other))]
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto(f"{still_lab.address}/compare?runs={','.join(run.id for run in runs)}")
    table = page.locator(".tl-table")
    expect(table).to_have_class("tl-table tl-more", timeout=SEEN)
    table.evaluate("table => table.scrollTo(10_000, 0)")
    expect(table).to_have_class("tl-table", timeout=SEEN)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(table.get_by_role("columnheader", name="Time")).to_be_in_viewport(ratio=1, timeout=SEEN)
    expect(table).to_have_class("tl-table")
