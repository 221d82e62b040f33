"""Every page in every state: inside the frame, on every screen, usable by everybody, and asking no other machine.

The screenshots it keeps are to be looked at. `broken_rules` checks those of accessibility.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.ui.navigation import PAGES
from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, broken_rules, quiet, settled
from tests.pages.folders import add_run, trained_by_the_dead, trained_here
from tests.pages.ill_runs import PLAYGROUND, keyed, overfitted
from tests.pages.test_fork_tree import add_fork
from tl_core import store
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Progress, Stage

pytestmark = pytest.mark.slow

TALLEST = 4000
OVERFITTING = [(min(1.0, 0.55 + 0.06 * n), 0.5 + 0.07 * n - 0.0045 * n * n) for n in range(12)]

State = Callable[[Path], str]
"""Makes what a state needs in a models folder and returns the address of the page."""


def _queued(models: Path) -> str:
    run = store.create(models, ExperimentSpec(), "waits")
    (models / "queue").mkdir(exist_ok=True)
    store.write_state(run, **{**trained_here(), "status": store.QUEUED})
    return f"run?run={run.id}"


def _run(title: str, **state: object) -> State:
    return lambda models: f"run?run={add_run(models, title, accuracies=OVERFITTING, epochs=12, **state).id}"


def _training(models: Path) -> str:
    run = add_run(models, "trains", accuracies=OVERFITTING[:5], **trained_here(), started=1.0, epoch=5, epochs=12)
    now = time.time() + 600  # It shall not fall silent while other pages are looked at.
    moment = Progress(Activity(Stage.TRAINING, 6), 7, 15, now - 1, now, rate=412.0, cpu=98.0, memory=900_000_000)
    store.write_progress(run, moment)
    return f"run?run={run.id}"


def _diagnosed(models: Path) -> str:
    run = overfitted(models)
    keyed(run, PLAYGROUND)
    return f"run?run={run.id}&tab=Diagnosis"


def _two(models: Path) -> str:
    runs = [add_run(models, name, accuracies=OVERFITTING[:length]) for name, length in (("plain", 12), ("dropout", 9))]
    return f"compare?runs={runs[0].id},{runs[1].id}"


def _twelve(models: Path) -> str:
    """Four settings with three seeds each."""
    settings = [{"head.dropout": 0.1 * (number // 3), "train.seed": number % 3} for number in range(12)]
    worse = [[(clean, accuracy - 0.01 * number) for clean, accuracy in OVERFITTING] for number in range(12)]
    runs = [add_run(models, "", worse[place][: 8 + place % 5], each) for place, each in enumerate(settings)]
    return f"compare?runs={','.join(run.id for run in runs)}"


def _forks(models: Path) -> str:
    parent = add_run(models, "parent", OVERFITTING)
    forks = [add_fork(models, parent, epoch, (0.75, 0.78, 0.8), "", head__dropout=epoch / 10) for epoch in (4, 8)]
    return f"compare?view=Forks&runs={forks[0].id}"


# In this order: each leaves its runs to the next, so the empty pages come first.
STATES: dict[str, State] = {
    "train": lambda _: "train",
    "train-fine-tune": lambda _: "train?backbone.freeze=all-but-3&train.head_epochs=5",
    "train-problem": lambda _: "train?backbone.freeze=none&train.feature_cache=off&data.source=folder:/nowhere",
    "train-bad-link": lambda _: "train?head.dropout=7&nonsense=1",
    "runs-empty": lambda _: "runs",
    "compare-empty": lambda _: "compare",
    "predict-empty": lambda _: "predict",
    "run-unknown": lambda _: "run?run=20990101-000000-nothing-0000",
    "settings": lambda _: "settings",
    "run-finished": _run(
        "finished", best_epoch=8, best_metrics={"val_accuracy": 0.77}, test_accuracy=0.75, exported_epoch=8
    ),
    "run-diagnosis": _diagnosed,
    "run-failed": _run("failed", status=store.FAILED, message="The disk is full: models needs 2.0 GB more."),
    "run-interrupted": _run("interrupted", **trained_by_the_dead()),
    "run-stopped": _run("stopped", status=store.STOPPED, message="Stopped on request; complete epochs are kept."),
    "run-training": _training,
    "run-queued": _queued,
    "compare-two": _two,
    "compare-seeds": _twelve,
    "compare-twelve": lambda models: f"{_twelve(models)}&group=nothing&measure=loss&axis=seconds",
    "compare-map": lambda models: f"{_twelve(models)}&view=Map&colour=dropout",
    "compare-small": lambda models: f"{_two(models)}&shape=small+charts&measure=gap",
    "compare-forks": _forks,
    "predict": lambda _: "predict",
    "runs": lambda _: "runs",
}


EACH_PAGE = "train", "settings", "run-training", "compare-two", "predict", "runs"
"""A state of each page."""


def test_every_page_fits_a_narrow_screen_shows_no_error_and_can_be_used_by_everybody(
    browser: Browser, still_lab: Lab
) -> None:
    assert faults(browser, still_lab, EACH_PAGE, "dark", (400,)) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_every_page_fits_the_screen_shows_no_error_and_can_be_used_by_everybody(
    browser: Browser, still_lab: Lab, scheme: Literal["light", "dark"]
) -> None:
    assert faults(browser, still_lab, STATES, scheme, (400, 1280)) == []


def faults(
    browser: Browser,
    still_lab: Lab,
    states: Iterable[str],
    scheme: Literal["light", "dark"],
    widths: Sequence[int],
) -> list[str]:
    """Looks at some states in windows of these widths, keeps a screenshot of each, and returns what is wrong: errors, too wide pages, requests to
    other machines, and a line for each element that breaks a rule.

    The rules are checked once a state, at the last width: the widest shows most.
    """
    page = browser.new_context(color_scheme=scheme).new_page()
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    found = []
    for name in states:
        page.set_viewport_size({"width": widths[0], "height": 900})
        page.goto(f"{still_lab.address}/{STATES[name](still_lab.models)}")
        settled(page)
        if page.get_by_test_id("stException").count():
            found.append(f"{name} shows an error")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            quiet(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{name} is wider than a screen of {width} pixels")
            keep(page, f"{name}-{scheme}-{width}", width)
        found += [f"{name}: {line}" for line in broken_rules(page)]
    page.context.close()
    return [*found, *(f"{host} was asked" for host in asked - {"127.0.0.1", None})]


def keep(page: Page, name: str, width: int) -> None:
    height = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 900")
    page.set_viewport_size({"width": width, "height": min(max(height, 700), TALLEST)})
    quiet(page)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def where_it_lands(page: Page, lab: Lab, name: str) -> str:
    """The path of the page that a link leads to, inside the frame and with its own title."""
    run = add_run(lab.models, "here")
    page.goto(f"{lab.address}/{name}?run={run.id}")
    expect(page.get_by_test_id("stHeaderLogo")).to_be_visible(timeout=SEEN)
    expect(page.get_by_role("link", name="Predict").first).to_be_visible(timeout=SEEN)
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_title("✓ here · TL Lab" if name == "run" else f"{PAGES[name].title} · TL Lab")
    return urlsplit(page.url).path


@pytest.mark.parametrize(
    "name", ["run", *(pytest.param(name, marks=pytest.mark.long) for name in PAGES if name != "run")]
)
def test_the_first_visitor_of_all_may_come_by_a_deep_link_and_lands_inside_the_frame(
    page: Page, cold_lab: Lab, name: str
) -> None:
    assert where_it_lands(page, cold_lab, name) == f"/{name}"


@pytest.mark.long
def test_every_page_has_a_deep_link_and_an_unknown_one_leads_to_a_page_that_there_is(
    browser: Browser, still_lab: Lab
) -> None:
    for name in PAGES:
        page = browser.new_context().new_page()
        assert where_it_lands(page, still_lab, name) == f"/{name}"
        still_lab.clear()
        page.context.close()
    page = browser.new_context().new_page()
    page.goto(f"{still_lab.address}/nowhere")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible(timeout=SEEN)
    page.context.close()
