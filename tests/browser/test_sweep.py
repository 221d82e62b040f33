"""A sweep that is started on the Explore page, and lost to nothing."""

from __future__ import annotations

import os
import re
import signal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, TRAINED, on_run_page, settled, until
from tl_core import store, sweeps
from tl_core.sweeps.reading import read_sweep

pytestmark = pytest.mark.long


def started(page: Page, lab: Lab, runs: int, **settings: str) -> sweeps.Sweep:
    """A sweep of so many runs over what the form offers, started on the page."""
    page.goto(f"{lab.address}/explore?{urlencode({'question': 'sweep', **SMALL, **settings})}")
    number = page.get_by_role("spinbutton", name="Most runs")
    expect(number).to_be_visible(timeout=SEEN)
    number.fill(str(runs))
    number.press("Enter")
    expect(page.get_by_text(f"{runs} runs, about")).to_be_visible(timeout=SEEN)
    settled(page)
    page.get_by_role("button", name="Start the sweep").click()
    expect(page).to_have_url(re.compile(r"[?&]id="), timeout=SEEN)
    return sweeps.find_sweep(lab.models, "last")


def test_a_sweep_whose_server_and_worker_are_killed_goes_on_and_leads_to_the_winner(page: Page, own_lab: Lab) -> None:
    lab = own_lab
    sweep = started(page, lab, 6, **{"train.epochs": "15", "augment": '{"rotation":15}'})
    until(lambda: len(read_sweep(sweep).finished) >= 2, "two finished runs")
    address = page.url
    lab.kill()
    if trainer := lab.pid_of_trainer():
        os.kill(trainer, signal.SIGKILL)
    before = read_sweep(sweep)
    assert before.ended < 6
    lab.start()
    page.goto(address)
    expect(page.get_by_text("6 of 6 trials ended")).to_be_visible(timeout=2 * TRAINED * 1000)
    after = read_sweep(sweep)
    assert [trial.status for trial in after.trials] == ["finished"] * 6
    assert len(store.runs(lab.models)) == 6
    assert [trial.settings for trial in after.trials][: len(before.trials)] == [t.settings for t in before.trials]
    expect(page.get_by_role("row")).to_have_count(7, timeout=SEEN)
    settled(page)
    page.get_by_role("link", name=re.compile("Open its run")).click()
    assert after.winner is not None and on_run_page(page, lab).id == after.winner.run


def test_a_sweep_is_stopped_and_goes_on_from_its_page(page: Page, lab: Lab) -> None:
    sweep = started(page, lab, 2, **{"train.epochs": "30", "augment": '{"rotation":15}'})
    until(lambda: any(trial.epoch for trial in read_sweep(sweep).trials), "an epoch")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=SEEN)
    until(lambda: not any(t.status in ("running", "queued") for t in read_sweep(sweep).trials), "an end of training")
    done = {trial.run: trial.epoch for trial in read_sweep(sweep).trials}
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("2 of 2 trials ended")).to_be_visible(timeout=2 * TRAINED * 1000)
    for trial in read_sweep(sweep).trials:
        assert trial.status == "finished" and trial.epoch == 30 >= done.get(trial.run, 0)
    assert len(store.runs(lab.models)) == 2
