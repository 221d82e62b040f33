"""The response times of the dashboard: `python -m benchmarks.dashboard [--json FILE]`; also part of `make bench`.

One run of a real server, real workers and Chromium, on its own models folder. Waiting times are measured in the browser. Reruns are
requested over Streamlit's API, so that they exclude the browser.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.figures import Figure, line, record
from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, free_port
from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store
from tl_core.experiment.presets import PRESETS

STARTS = 5
RERUNS = 60
TICKS = 20
LONG = {
    "data.source": "digits",
    "data.image_size": 96,
    "backbone.freeze": "all-but-1",
    "train.head_epochs": 0,
    "train.epochs": 5000,
}
"""A run that keeps a core busy until it is stopped."""

VALIDATION = "document.querySelector('.js-plotly-plot')?.data?.find(t => t.name === 'Validation')?.x?.length ?? 0"


def measure() -> Iterator[Figure]:
    """All figures, each as soon as it is known."""
    if CHROMIUM is None:
        raise SystemExit("There is no Chromium here; as root: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        yield Figure("this machine's pace: ten million additions in Python", _pace(), None, "s")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        starts = [_start(Lab(Path(folder) / f"start {number}", free_port()), browser) for number in range(STARTS)]
        shown, pressable = map(statistics.median, zip(*starts, strict=True))
        yield Figure("start to first page", shown, 3.0, "s")
        yield Figure("start to first page, all of it drawn", pressable, None, "s")
        lab = Lab(Path(folder) / "lab", free_port())
        try:
            lab.start("--server.enableAgentApi", "true")
            page = browser.new_page()
            page.goto(lab.address)
            page.get_by_role("button", name="Train", exact=True).wait_for()
            yield Figure("Train click to first validation point, all caches cold", _click(lab, page, 0), 15.0, "s")
            warm = statistics.median(_click(lab, page, seed) for seed in (1, 2, 3))
            yield Figure("Train click to first validation point, warm", warm, 2.0, "s")
            yield from _reruns(lab)
            yield Figure("server CPU of one live tick, 200 epochs on a run's page", _tick(lab, browser), 50.0, "ms")
        finally:
            browser.close()
            lab.close()


def _pace() -> float:
    """What the seconds of two runs of this command are to be compared by; a rented processor changes its own from minute to minute."""
    started = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - started


def _start(lab: Lab, browser: Browser) -> tuple[float, float]:
    """Seconds from the command to the first page's title, and to its button Train, on an empty folder, in a browser that is open."""
    page = browser.new_page()
    started = time.monotonic()
    try:
        lab.start()
        page.goto(lab.address)
        page.get_by_role("heading", name="Train", exact=True).wait_for()
        shown = time.monotonic() - started
        page.get_by_role("button", name="Train", exact=True).wait_for()
        return shown, time.monotonic() - started
    finally:
        page.close()
        lab.close()


def _click(lab: Lab, page: Page, seed: int) -> float:
    """Seconds from the click on Train, on the defaults but the seed, to the first point of validation on the page."""
    page.goto(f"{lab.address}/train?train.seed={seed}")
    button = page.get_by_role("button", name="Train", exact=True)
    button.wait_for()
    page.wait_for_timeout(1000)  # The page is ready to be read before every script of it has settled.
    started = time.monotonic()
    button.click()
    _until(page, f"{VALIDATION} >= 1")
    passed = time.monotonic() - started
    while store.read_state(store.runs(lab.models)[0]).status != store.FINISHED:
        time.sleep(0.1)
    return passed


def _until(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=120_000, polling=50)


def _reruns(lab: Lab) -> Iterator[Figure]:
    idle = _slowest_of_most(lab)
    with _training(lab):
        busy = _slowest_of_most(lab)
    yield Figure("rerun of the Train page, 95th percentile, while a run trains", busy, 400.0, "ms")
    yield Figure("the same over the same while nothing trains", busy / idle, 2.0, "times")


def _slowest_of_most(lab: Lab) -> float:
    """The 95th percentile of the times of reruns of the Train page, in milliseconds, each after another value of dropout."""
    session = _ask(lab, page="train")["session_id"]
    times = []
    for number in range(RERUNS):
        started = time.monotonic()
        _ask(lab, session_id=session, widget_state={"set:head.dropout": (number % 10) / 20})
        times.append(1000 * (time.monotonic() - started))
    return statistics.quantiles(times[5:], n=20)[-1]


def _ask(lab: Lab, **body: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{lab.address}/_stcore/agent/interact", json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


@contextmanager
def _training(lab: Lab) -> Iterator[None]:
    run = store.create(lab.models, PRESETS["fine-tune"].spec(LONG), "busy")
    store.queue.add(run)
    _wait(lambda: len(store.read_epochs(run)) >= 1)
    try:
        yield
    finally:
        store.request_stop(run)
        _wait(lambda: store.read_state(run).status == store.STOPPED)


def _wait(what: Callable[[], object], seconds: float = 300) -> None:
    ends = time.monotonic() + seconds
    while not what():
        if time.monotonic() > ends:
            raise RuntimeError(f"nothing happened for {seconds:.0f} s")
        time.sleep(0.1)


def _tick(lab: Lab, browser: Browser) -> float:
    """Milliseconds of CPU the server takes for one more epoch on an open page, beyond what it takes with the page open and still."""
    run = add_run(lab.models, "ticking", accuracies=[(0.9, 0.8)] * 200, **trained_here())
    page = browser.new_page()
    page.goto(f"{lab.address}/run?run={run.id}")
    _until(page, f"{VALIDATION} >= 200")
    assert lab.process is not None
    server = psutil.Process(lab.process.pid)

    def used(seconds: float, act: Callable[[int], None]) -> float:
        before = sum(server.cpu_times()[:2])
        for number in range(TICKS):
            act(number)
            page.wait_for_timeout(1000 * seconds / TICKS)
        return 1000 * (sum(server.cpu_times()[:2]) - before) / TICKS

    def epoch(number: int) -> None:
        append_line(run, epoch_line(201 + number, 0.9, 0.8))
        store.write_state(run, epoch=201 + number)

    page.wait_for_timeout(3000)
    still = used(1.5 * TICKS, lambda _: None)
    moving = used(1.5 * TICKS, epoch)
    _until(page, f"{VALIDATION} >= {200 + TICKS}")
    page.close()
    return moving - still


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="Write the figures into this file too.")
    given = parser.parse_args()
    found = []
    for figure in measure():
        found.append(record(figure))
        print(line(figure), flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
