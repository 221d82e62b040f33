"""A network is chosen from the table of all of them with the keyboard alone, and two stand beside each other."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, broken_rules, settled
from tl_core.backbones import BACKBONES

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_networks_are_sorted_compared_and_one_is_used_by_keys_alone(
    page: Page, still_lab: Lab, scheme: Literal["light", "dark"], width: int
) -> None:
    best, second, *_ = sorted(BACKBONES, key=lambda row: row.imagenet_accuracy, reverse=True)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{still_lab.address}/train")
    page.get_by_role("button", name="Compare all networks").press("Enter", timeout=SEEN)
    window = page.get_by_role("dialog")
    rows = window.locator(".tl-table tbody tr")
    expect(rows).to_have_count(len(BACKBONES), timeout=SEEN)
    window.get_by_role("button", name="ImageNet", exact=True).press("Enter")
    expect(rows.first).to_contain_text(best.title, timeout=SEEN)
    for key in ("Tab", "Space", "ArrowDown", "Space"):  # The first row, and the next, are selected.
        page.keyboard.press(key)
    beside = window.locator("table:not([role=grid])")
    in_this_order = f"{best.title}{second.title}"  # As in the table.
    expect(beside.locator("thead")).to_contain_text(in_this_order, timeout=SEEN)
    expect(beside).to_contain_text("Multiply-adds per image")
    settled(page)
    page.screenshot(path=SCREENSHOTS / f"networks-{scheme}-{width}.png")
    assert broken_rules(page, "[role=dialog]") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = beside.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(window).to_be_hidden(timeout=SEEN)
    expect(page).to_have_url(re.compile(f"backbone.name={second.name}(&|$)"), timeout=SEEN)
    expect(page.get_by_role("combobox", name="Backbone")).to_have_value(second.title, timeout=SEEN)
