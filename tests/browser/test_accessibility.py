"""Every page against the rules of WCAG 2 A and AA that a program can check: contrast, names, roles, order of headings (axe-core)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.lab import Lab
from tests.browser.steps import settled
from tests.browser.test_every_page import EACH_PAGE, STATES

pytestmark = pytest.mark.slow

Scheme = Literal["light", "dark"]

FAULTS = ("moderate", "serious", "critical")

EVERY_RULE = {"resultTypes": ["violations"]}


def test_each_page_has_no_fault_for_people_who_cannot_see_well_or_use_no_mouse(
    browser: Browser, still_lab: Lab
) -> None:
    assert faults(browser, still_lab, EACH_PAGE, "light") == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_every_page_has_no_fault_in_either_scheme(
    browser: Browser, still_lab: Lab, scheme: Scheme
) -> None:
    assert faults(browser, still_lab, STATES, scheme) == []


def faults(browser: Browser, lab: Lab, states: Iterable[str], scheme: Scheme) -> list[str]:
    """A line for each element that breaks a rule: the state, the rule, the element."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme).new_page()
    found = []
    for name in states:
        page.goto(f"{lab.address}/{STATES[name](lab.models)}")
        settled(page)
        found += [f"{name} ({scheme}): {line}" for line in broken_rules(page)]
    page.context.close()
    return found


def broken_rules(page: Page) -> list[str]:
    result = Axe().run(page, options=EVERY_RULE).response
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in result["violations"]
        if rule["impact"] in FAULTS
        for node in rule["nodes"]
    ]
