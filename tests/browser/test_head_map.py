"""From the question "How much regularisation?" over a click on a cell to a run with its settings."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, SMALL, TRAINED, on_run_page, settled, status, until
from tl_core import explorations, store

pytestmark = pytest.mark.long

ACROSS, UP = 5, 3
"""The place of the cell that is clicked: dropout 0.5, L2 3e-4."""

CELLS = "chart => document.querySelectorAll('.js-plotly-plot')[chart]?.data?.[0]?.z?.flat().filter(value => value !== null).length ?? 0"


def losses(page: Page, chart: int) -> int:
    """How many cells of a chart have a value."""
    return int(page.evaluate(CELLS, chart))


def ranges(page: Page, chart: int) -> list[float]:
    """Between which losses the colours of a chart lie."""
    heat = f"document.querySelectorAll('.js-plotly-plot')[{chart}].data[0]"
    return [float(end) for end in page.evaluate(f"[{heat}.zmin, {heat}.zmax]")]


def choose(page: Page, option: str) -> None:
    page.get_by_role("combobox", name="Beside it").click()
    page.get_by_role("option", name=option, exact=True).click()


def shot(page: Page, name: str, width: int, height: int) -> None:
    """Keeps a picture of the whole page, which scrolls inside the window."""
    page.set_viewport_size({"width": width, "height": height})
    settled(page)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_a_map_fills_in_and_a_cell_of_it_becomes_a_run(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.address}/explore?{urlencode({'question': 'head-map', **SMALL, 'train.epochs': '4'})}")
    start = page.get_by_role("button", name="Map it")
    expect(start).to_be_enabled(timeout=SEEN)
    start.click()
    until(lambda: losses(page, 0) == 64, "64 cells")
    expect(page.get_by_text("Answered in")).to_be_visible(timeout=TRAINED * 1000)
    expect(page.get_by_text("cells cannot be told from it")).to_be_visible(timeout=SEEN)
    settled(page)
    page.screenshot(path=SCREENSHOTS / "head-map-light-1280.png", full_page=True)
    area = page.locator(".js-plotly-plot").first.locator(".nsewdrag")
    size = area.bounding_box()
    assert size is not None
    area.click(position={"x": size["width"] * (ACROSS + 0.5) / 8, "y": size["height"] * (1 - (UP + 0.5) / 8)})
    cell = page.locator(".st-key-map_cell")
    expect(cell.get_by_role("combobox", name="Dropout")).to_have_value("0.5", timeout=SEEN)
    expect(cell.get_by_role("combobox", name="L2")).to_have_value("0.0003")
    page.get_by_role("button", name="Train this as a run").click()
    run = on_run_page(page, lab)
    spec = store.read_spec(run)
    assert (spec.head.dropout, spec.head.l2, spec.train.epochs) == (0.5, 3e-4, 4)
    status(page, "finished")


def test_a_map_of_fewer_images_is_asked_for_beside_the_first_and_both_stay_in_the_address(page: Page, lab: Lab) -> None:
    settings = {**SMALL, "train.epochs": "5"}
    page.goto(f"{lab.address}/explore?{urlencode({'question': 'head-map', **settings})}")
    start = page.get_by_role("button", name="Map it")
    expect(start).to_be_enabled(timeout=SEEN)
    start.click()
    expect(page.get_by_text("Answered in")).to_be_visible(timeout=TRAINED * 1000)
    choose(page, "Map it with 6 images per class")
    expect(page).to_have_url(re.compile(r"[?&]id=.*&beside="), timeout=SEEN)
    until(lambda: losses(page, 0) == losses(page, 1) == 64, "64 cells of both maps")
    expect(page.get_by_text("Answered in")).to_have_count(2, timeout=TRAINED * 1000)
    expect(page.get_by_text("Lowest validation loss, 12 images per class:")).to_be_visible(timeout=SEEN)
    assert ranges(page, 0) == ranges(page, 1)
    shot(page, "head-maps-light-1280", 1280, 3400)
    page.reload()
    until(lambda: losses(page, 1) == 64, "the second map after a reload")
    choose(page, "Nothing")
    expect(page).not_to_have_url(re.compile("beside="), timeout=SEEN)
    choose(page, "Map it with 6 images per class")
    until(lambda: losses(page, 1) == 64, "the second map again")
    asked = [explorations.read_asked(one).spec for one in explorations.explorations(lab.models, "head-map")]
    limits = [spec.data.images_per_class for spec in asked if spec.train.epochs == 5]
    assert sorted(limits, key=str) == [12, 6], "what was mapped before is not mapped again"

    page.set_viewport_size({"width": 400, "height": 900})
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    above, below = (page.locator(".js-plotly-plot").nth(chart).bounding_box() for chart in (0, 1))
    assert above is not None and below is not None and above["y"] + above["height"] <= below["y"]
    table = page.get_by_role("region", name="Heads that are solved at once").first
    assert table.evaluate("each => each.scrollWidth <= each.clientWidth"), "no column of the heads is cut"
    shot(page, "head-maps-light-400", 400, 6000)

    page.get_by_role("button", name="Train this as a run").last.click()
    run = on_run_page(page, lab)
    assert store.read_spec(run).data.images_per_class == 6
    page.go_back()
    until(lambda: losses(page, 1) == 64, "both maps after Back")
