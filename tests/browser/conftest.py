"""A real server, real workers and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, free_port
from tl_core.supervisor import workers
from tl_core.supervisor.workers import supervisor_lock


@pytest.fixture
def lab(models: Path) -> Iterator[Lab]:
    """A dashboard that nobody has visited yet. No process of it outlives the test."""
    made = Lab(models, free_port())
    made.start()
    yield made
    if made.process and made.process.poll() is None:
        made.close()
    for worker in workers(models):
        psutil.Process(worker.pid).kill()


@pytest.fixture
def still_lab(models: Path) -> Iterator[Lab]:
    """A dashboard that starts no workers, as another one looks after them: for tests in which nothing trains."""
    made = Lab(models, free_port())
    with supervisor_lock(models):
        made.start()
        yield made
        made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("There is no Chromium here; as root: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
