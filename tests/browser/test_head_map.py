"""From the question "How much regularisation?" over a click on a cell to a run with its settings."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, SMALL, TRAINED, on_run_page, settled, status, until
from tl_core import store

pytestmark = pytest.mark.long

ACROSS, UP = 5, 3
"""The place of the cell that is clicked: dropout 0.5, L2 3e-4."""

FILLED = "[...document.querySelectorAll('.js-plotly-plot')][0]?.data?.[0]?.z?.flat().filter(value => value !== null).length ?? 0"


def test_a_map_fills_in_and_a_cell_of_it_becomes_a_run(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.address}/explore?{urlencode({'question': 'head-map', **SMALL, 'train.epochs': '4'})}")
    start = page.get_by_role("button", name="Map it")
    expect(start).to_be_enabled(timeout=SEEN)
    start.click()
    until(lambda: page.evaluate(FILLED) == 64, "64 cells")
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
