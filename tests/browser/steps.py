"""What people do in the dashboard, as tests say it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.store import Run

SEEN = 30_000
"""Milliseconds within which what is on the disk must be on the page; the page itself is told within one second."""

TRAINED = 180
"""Seconds for what takes ten on an idle machine: loading Keras, a small run."""

SMALL = {"data.source": "digits", "data.image_size": "32", "data.images_per_class": "12"}
"""Settings that make an epoch take some milliseconds."""

SLOW = {**SMALL, "data.images_per_class": "60", "augment": '{"rotation":15}', "train.epochs": "2000"}
"""Settings that make an epoch take some tenths of a second, and a run go on until it is stopped."""


SCREENSHOTS = Path(__file__).parent / "screenshots"

QUIET = """() => new Promise(done => {
  let timer
  const again = () => { clearTimeout(timer); timer = setTimeout(done, 250) }
  new MutationObserver(again).observe(document, {childList: true, subtree: true, attributes: true, characterData: true})
  again()
  setTimeout(done, 1500)
})"""


def settled(page: Page) -> None:
    """Waits until the script has run and what it drew is there: until nothing of the page has changed for a moment, or for one and a half seconds,
    since the page of a run that trains never rests."""
    quiet(page)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=SEEN)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=SEEN)
    quiet(page)  # Tables and charts are painted after they are there.


def quiet(page: Page) -> None:
    """Waits for what a changed window or a click makes the browser paint, where no script runs."""
    page.evaluate(QUIET)


FAULTS = ("moderate", "serious", "critical")
"""How grave a fault of accessibility has to be to count."""


def broken_rules(page: Page, within: str | None = None) -> list[str]:
    """A line for each element that breaks a rule of WCAG 2 A and AA that a program can check: contrast, names, roles, order of headings (axe-core).

    Args:
        within: A CSS selector of what is looked at; None for the whole page.
    """
    result = Axe().run(page, within).response
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in result["violations"]
        if rule["impact"] in FAULTS
        for node in rule["nodes"]
    ]


def form(lab: Lab, **settings: str) -> str:
    """The address of an experiment."""
    return f"{lab.address}/train?{urlencode(settings)}"


def press_train(page: Page) -> None:
    button = page.get_by_role("button", name="Train", exact=True)
    expect(button).to_be_enabled(timeout=SEEN)
    button.click()


def on_run_page(page: Page, lab: Lab) -> Run:
    """The run whose page is open; waits until one is."""
    expect(page).to_have_url(re.compile(r"/run\?.*run="), timeout=SEEN)
    (run_id,) = parse_qs(urlsplit(page.url).query)["run"]
    return store.get_run(lab.models, run_id)


def status(page: Page, word: str, timeout: int = TRAINED * 1000) -> None:
    """Waits until the badge beside the title says so."""
    expect(page.get_by_text(re.compile(rf"^\S {word}$")).first).to_be_visible(timeout=timeout)


def until(what: Callable[[], object], said: str, seconds: float = TRAINED) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, f"waited {seconds} s for {said}"
        time.sleep(0.05)


def epochs(run: Run) -> int:
    return len(read_lines(run))


def points(page: Page, curve: int = 0, chart: int = 0) -> int:
    """How many points a drawn curve has; 0 while there is no chart."""
    return int(page.evaluate(f"document.querySelectorAll('.js-plotly-plot')[{chart}]?.data?.[{curve}]?.x?.length ?? 0"))


def named_points(page: Page, name: str) -> int:
    """The same for the first curve of that name in the first chart."""
    code = "name => document.querySelector('.js-plotly-plot')?.data?.find(t => t.name === name)?.x?.length ?? 0"
    return int(page.evaluate(code, name))


def axis(page: Page) -> list[float]:
    """The range of the first chart's horizontal axis."""
    return [float(end) for end in page.evaluate("document.querySelector('.js-plotly-plot').layout.xaxis.range")]


def cell(page: Page, text: str) -> None:
    """Waits for a cell of a table of runs with this text."""
    expect(page.locator(".tl-table tbody :is(th, td)", has_text=text).first).to_be_visible(timeout=SEEN)


def spec_of(run: Run) -> dict[str, object]:
    return dict(json.loads(Path(run.folder, "spec.json").read_text()))
