"""Is one better? In the browser: five runs, A against B, the images that flip; and the same experiment with five seeds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN
from tests.pages.folders import add_measured, add_run
from tl_core import store

pytestmark = pytest.mark.slow


def test_of_five_runs_two_are_compared_with_the_pictures_of_the_images_that_flip(page: Page, still_lab: Lab) -> None:
    runs = []
    for place, errors in enumerate((range(60), range(55, 65), range(58, 66), range(90), range(30, 80))):
        right = np.ones(200, bool)
        right[list(errors)] = False
        runs.append(add_measured(still_lab.models, f"run {place}", right, key="mug/{:04d}"))
    address = f"{still_lab.address}/compare?runs={','.join(run.id for run in runs)}"
    page.goto(address)
    expect(page.get_by_text("200 images cannot tell whether run 1 or run 2 is better")).to_be_visible(timeout=SEEN)
    expect(page.get_by_text("The best of 5 is run 2, 96.0 %.")).to_be_visible()
    expect(page.locator(".tl-ranked tbody tr")).to_have_count(5)
    page.goto(f"{address}&side_a=run+0")  # As a link keeps the choice.
    expect(page.get_by_text("run 2 is better than run 0 by 26 points")).to_be_visible(timeout=SEEN)
    pictures = page.locator(".tl-flips").first.locator("img")
    expect(pictures).to_have_count(12, timeout=SEEN)
    assert pictures.first.evaluate("image => image.complete && image.naturalWidth > 0")
    expect(page.get_by_text("and 46 more")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("run 2 minus run 0: 26 points"))).to_be_visible()


@pytest.mark.long
def test_five_seeds_open_compare_with_all_of_them(page: Page, still_lab: Lab) -> None:
    """Queued on the page of the run, they left the next page empty: a live part asked to be drawn while the server changed pages."""
    run = add_run(still_lab.models, "mine")
    page.goto(f"{still_lab.address}/run?run={run.id}")
    page.get_by_role("button", name="Run with 5 seeds").click()
    expect(page.locator("[data-tag]")).to_have_count(5, timeout=SEEN)
    assert len(store.queue.waiting(still_lab.models)) == 4
