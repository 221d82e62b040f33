"""Whatever is closed or killed, the run is not lost, and the page says what is true."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SLOW, epochs, form, named_points, on_run_page, press_train, status, until
from tests.epoch_lines import read_lines
from tl_core import store

pytestmark = pytest.mark.long


def started(page: Page, lab: Lab, **settings: str) -> store.Run:
    """A run that goes on until it is stopped, three epochs in, with its page open."""
    page.goto(form(lab, **{**SLOW, **settings}))
    press_train(page)
    run = on_run_page(page, lab)
    until(lambda: epochs(run) >= 3, "three epochs")
    return run


def test_a_run_goes_on_while_nobody_looks(browser: Browser, lab: Lab) -> None:
    context = browser.new_context()
    page = context.new_page()
    run = started(page, lab)
    address = page.url
    context.close()
    before = epochs(run)
    until(lambda: epochs(run) >= before + 3, "epochs that nobody watches")
    again = browser.new_context().new_page()
    again.goto(address)
    until(lambda: named_points(again, "Validation") >= before + 3, "the curve with what went on meanwhile")
    status(again, "running")
    again.get_by_role("button", name="Stop", exact=True).click()
    status(again, "stopped")
    again.context.close()
    trained = [line["epoch"] for line in read_lines(run)]
    assert trained == list(range(1, len(trained) + 1)) and len(trained) >= before + 3


def test_a_killed_worker_leaves_an_interrupted_run_that_is_resumed_to_its_end(page: Page, lab: Lab) -> None:
    run = started(page, lab, **{"train.epochs": "12"})
    os.kill(lab.pid_of_trainer(), signal.SIGKILL)
    status(page, "interrupted")
    page.get_by_role("button", name="Resume", exact=True).click()
    status(page, "finished")
    assert [line["epoch"] for line in read_lines(run)] == list(range(1, 13))
    until(lambda: named_points(page, "Validation") == 12, "every epoch once on the page", seconds=20)


def test_a_killed_dashboard_finds_its_run_still_going_when_it_is_started_again(page: Page, own_lab: Lab) -> None:
    lab, run = own_lab, started(page, own_lab)
    trainer, address = lab.pid_of_trainer(), page.url
    lab.kill()
    before = epochs(run)
    until(lambda: epochs(run) >= before + 3, "epochs without a dashboard")
    lab.start()
    page.goto(address)
    status(page, "running")
    until(lambda: named_points(page, "Validation") >= before + 3, "the curve")
    assert lab.pid_of_trainer() == trainer
    page.get_by_role("button", name="Stop", exact=True).click()
    status(page, "stopped")


def test_closing_the_dashboard_stops_the_run_in_time_and_it_can_be_resumed(page: Page, own_lab: Lab) -> None:
    lab, run = own_lab, started(page, own_lab)
    address = page.url
    assert lab.close() < 20
    assert store.read_state(run).status == store.STOPPED
    lab.start()
    page.goto(address)
    status(page, "stopped")
    before = epochs(run)
    page.get_by_role("button", name="Resume", exact=True).click()
    until(lambda: epochs(run) > before, "the next epoch")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible(timeout=SEEN)
