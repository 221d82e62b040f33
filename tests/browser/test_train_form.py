"""The Train page by keyboard and mouse: near the buttons, blocks that can be clicked, links to the cards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, form, on_run_page, settled
from tl_core import store
from tl_core.experiment.presets import PRESETS

pytestmark = pytest.mark.long

MOST_STOPS = 14

FOCUSED = """() => {
  let found = document.activeElement
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
  return found?.innerText ?? ""
}"""

TOP = "element => Math.round(element.getBoundingClientRect().top)"


def open_form(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **SMALL))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=SEEN)
    settled(page)


@pytest.mark.parametrize("width", [1280, 400])
def test_the_tab_key_reaches_train_before_the_form(page: Page, still_lab: Lab, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_form(page, still_lab)
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if re.search(r"\bTrain$", page.evaluate(FOCUSED)) and page.locator(".st-key-start :focus").count():
            return
    raise AssertionError(f"Train is more than {MOST_STOPS} presses of Tab away.")


def test_ctrl_and_enter_train_with_what_was_typed_just_before(page: Page, still_lab: Lab) -> None:
    open_form(page, still_lab)
    epochs = page.get_by_role("spinbutton", name="Epochs", exact=True)
    epochs.fill("3")
    epochs.press("Control+Enter")
    run = on_run_page(page, still_lab)
    assert store.read_spec(run).train.epochs == 3


def test_ctrl_and_enter_train_also_while_the_preset_just_clicked_has_the_focus(page: Page, still_lab: Lab) -> None:
    """Pills keep the key Enter to themselves: nothing happened."""
    page.goto(f"{still_lab.address}/train")
    preset = page.get_by_role("radio", name="See it overfit").or_(
        page.get_by_role("button", name="See it overfit", exact=True)
    )
    preset.first.click()
    expect(page).to_have_url(re.compile("data.label_noise=0.2"), timeout=SEEN)
    settled(page)
    page.keyboard.press("Control+Enter")
    run = on_run_page(page, still_lab)
    assert store.read_spec(run) == PRESETS["see-it-overfit"].spec().anchored()


def test_a_click_on_a_block_freezes_up_to_it_or_thaws_from_it_and_the_arrows_move(page: Page, still_lab: Lab) -> None:
    open_form(page, still_lab)
    page.locator("button[data-block=block6]").click()
    expect(page).to_have_url(re.compile("backbone.freeze=all-but-3"), timeout=SEEN)
    expect(page.get_by_role("spinbutton", name="Head epochs", exact=True)).to_be_visible(timeout=SEEN)
    settled(page)
    page.locator("button[data-block=block7]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("button[data-block=block7]")).to_have_class(re.compile("tl-frozen"), timeout=SEEN)


def test_links_and_buttons_stay_in_sight_and_lead_to_the_cards(page: Page, still_lab: Lab) -> None:
    open_form(page, still_lab)
    page.get_by_role("button", name="Overfitting", exact=True).click()
    card = page.locator(".st-key-card-regularisers")
    expect(card).to_be_in_viewport(ratio=0.5, timeout=SEEN)
    expect(page.get_by_role("button", name="Overfitting", exact=True)).to_have_attribute(
        "aria-current", "true", timeout=SEEN
    )
    train = page.get_by_role("button", name="Train", exact=True)
    expect(train).to_be_in_viewport(timeout=SEEN)
    assert train.evaluate(TOP) < card.evaluate(TOP)
    assert "/train" in page.url and "#" not in page.url
