"""The window in which settings of a live run are changed, while the page behind it moves several times a second."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SLOW, TRAINED, form, on_run_page, press_train, status

pytestmark = pytest.mark.long

WATCH = """window.errors = 0; new MutationObserver(() => {
  window.errors = Math.max(window.errors, document.querySelectorAll('[data-testid=stException]').length)
}).observe(document, {childList: true, subtree: true})"""


def test_the_window_shows_what_is_in_force_however_often_it_is_opened_and_closed(page: Page, lab: Lab) -> None:
    page.add_init_script(WATCH)
    page.goto(form(lab, **SLOW))
    press_train(page)
    on_run_page(page, lab)
    status(page, "running")
    for turn in range(4):
        page.get_by_role("button", name=re.compile("Change during training")).click(timeout=TRAINED * 1000)
        window = page.get_by_role("dialog")
        expect(window.get_by_role("spinbutton", name="Learning rate")).to_have_value("0.001", timeout=SEEN)
        page.wait_for_timeout(700)  # The page runs again behind it.
        expect(window.get_by_role("spinbutton", name="Learning rate")).to_have_value("0.001")
        expect(window.get_by_text("images are used unchanged")).to_have_count(0)
        expect(window.get_by_role("button", name="Change", exact=True)).to_be_disabled()
        window.get_by_role("button", name="Cancel").click()
        expect(window).to_have_count(0, timeout=SEEN)
        page.wait_for_timeout(200 * turn)
    assert page.evaluate("window.errors") == 0
    page.get_by_role("button", name="Stop", exact=True).click()
    status(page, "stopped")
