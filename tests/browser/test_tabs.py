"""Several tabs at once: each says the same, each click counts once, and none asks again and again."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, cell, form, on_run_page, press_train, settled, status, until
from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store

pytestmark = pytest.mark.slow

AGREE = 2.0
"""Seconds within which another tab must show what one did; measured from the disk, on a machine that trains meanwhile."""


@pytest.mark.long
def test_two_tabs_that_press_train_at_once_make_two_runs_that_train_one_after_the_other(
    browser: Browser, lab: Lab
) -> None:
    tabs = [browser.new_context().new_page() for _ in range(2)]
    for number, tab in enumerate(tabs):
        tab.goto(form(lab, **SMALL, **{"train.epochs": "2", "train.seed": str(number)}))
        expect(tab.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=SEEN)
    for tab in tabs:
        press_train(tab)
    runs = [on_run_page(tab, lab) for tab in tabs]
    for tab in tabs:
        status(tab, "finished")
        tab.context.close()
    assert {run.id for run in runs} == {run.id for run in store.runs(lab.models)}
    began = sorted((store.read_state(run).started, store.read_state(run).seconds) for run in runs)
    assert began[0][0] + began[0][1] <= began[1][0] + 0.1


@pytest.mark.long
def test_a_double_click_on_train_makes_one_run(page: Page, lab: Lab) -> None:
    page.goto(form(lab, **SMALL, **{"train.epochs": "2"}))
    button = page.get_by_role("button", name="Train", exact=True)
    expect(button).to_be_enabled(timeout=SEEN)
    button.dblclick()
    on_run_page(page, lab)
    time.sleep(1)
    assert len(store.runs(lab.models)) == 1


@pytest.mark.long
def test_what_happens_shows_in_every_tab_within_two_seconds(browser: Browser, still_lab: Lab) -> None:
    run = add_run(still_lab.models, "watched", accuracies=((0.8, 0.755),), **trained_here())
    tabs = [browser.new_context().new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(f"{still_lab.address}/runs")
        cell(tab, "75.5")
    time.sleep(2)  # Both have said what they saw.
    append_line(run, epoch_line(2, 0.9, 0.825))
    store.write_state(run, epoch=2)
    changed = time.monotonic()
    for tab in tabs:
        until(lambda tab=tab: tab.locator("td", has_text="82.5").count(), "the second epoch", seconds=20)  # type: ignore[misc]
    assert time.monotonic() - changed < AGREE
    for tab in tabs:
        tab.context.close()


@pytest.mark.long
def test_while_nothing_happens_no_tab_asks_and_no_tab_is_told(browser: Browser, lab: Lab) -> None:
    run = add_run(lab.models, accuracies=((0.8, 0.75), (0.9, 0.8)))
    until(lambda: len(lab.states()) == 2 and set(lab.states()) == {"idle"}, "both workers to be ready")
    context = browser.new_context()
    traffic: list[str] = []
    for path in (f"/run?run={run.id}", "/runs", f"/compare?runs={run.id}", "/train", "/predict", "/settings"):
        tab = context.new_page()
        _record(tab, path, traffic)
        tab.goto(f"{lab.address}{path}")
    for tab in context.pages:
        settled(tab)
    for _ in range(15):  # Until all has come, pictures of previews included.
        traffic.clear()
        tab.wait_for_timeout(2000)
        if not traffic:
            break
    tab.wait_for_timeout(3000)
    assert traffic == []
    context.close()


def _record(tab: Page, path: str, traffic: list[str]) -> None:
    """Has whatever the tab sends or receives from now on named in `traffic`."""

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda _: traffic.append(f"{path} sent"))
        socket.on("framereceived", lambda _: traffic.append(f"{path} received"))

    tab.on("websocket", listen)
    tab.on("request", lambda request: traffic.append(f"{path} asked for {request.url}"))
