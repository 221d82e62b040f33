"""The diagnosis as a person sees it: the verdict while a run overfits, what to try, the images."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, TRAINED, form, on_run_page, press_train, settled
from tests.pages.folders import trained_here
from tests.pages.ill_runs import EPOCHS, PLAYGROUND, add_epoch, keyed, overfitted
from tl_core import store

pytestmark = pytest.mark.slow

ILL = {
    **SMALL,
    "data.images_per_class": "60",
    "data.label_noise": "0.2",
    "head.hidden": "[256]",
    "head.dropout": "0",
    "train.learning_rate": "0.003",
    "train.epochs": "5000",
}
"""The preset See it overfit on digits, and so long that it trains while it is looked at."""


def test_the_verdict_appears_as_a_run_overfits_a_remedy_opens_the_changed_form_and_images_are_shown(
    page: Page, still_lab: Lab
) -> None:
    run = overfitted(still_lab.models, epochs=3, **trained_here())
    keyed(run, PLAYGROUND)
    page.goto(f"{still_lab.address}/run?run={run.id}")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("four epochs", timeout=SEEN)
    for epoch in range(4, EPOCHS + 1):
        add_epoch(run, epoch)
    store.write_state(run, epoch=EPOCHS)
    expect(verdict).to_contain_text(re.compile(r"Warning.*Overfitting since epoch"), timeout=SEEN)
    page.get_by_role("tab", name="Diagnosis").click()
    pictures = page.locator(".tl-gallery img")
    expect(pictures).to_have_count(12, timeout=SEEN)
    settled(page)
    assert all(pictures.nth(number).evaluate("image => image.naturalWidth > 50") for number in range(12))
    page.locator(".st-key-finding_0").get_by_role("link", name="Dropout 0.5").click()
    expect(page).to_have_url(re.compile(r"/train\?.*head\.dropout=0\.5"), timeout=SEEN)
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.long
def test_a_run_that_trains_is_said_to_overfit_before_it_ends(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **ILL))
    press_train(page)
    run = on_run_page(page, lab)
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text(re.compile("Overfitting|Overconfident|wrong labels"), timeout=TRAINED * 1000)
    expect(verdict).to_contain_text("So far, after epoch")
    assert store.read_state(run).status == store.RUNNING
    store.request_stop(run)
