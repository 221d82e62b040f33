"""A real server, real workers and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, end_workers, free_port
from tl_core.supervisor.workers import supervisor_lock


@pytest.fixture(scope="session")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    made = Lab(folder / "models", free_port(), folder / "imports.txt")
    made.start()
    yield made
    made.close()
    end_workers(made)


@pytest.fixture
def lab(_lab: Lab) -> Iterator[Lab]:
    """A dashboard with its workers, which have loaded Keras, and no run. All tests share it and leave it running."""
    yield _lab
    _lab.clear()


@pytest.fixture
def own_lab(models: Path) -> Iterator[Lab]:
    """A dashboard of the test's own, to be closed or killed. No process of it outlives the test."""
    made = Lab(models, free_port())
    made.start()
    yield made
    if made.process and made.process.poll() is None:
        made.close()
    end_workers(made)


@pytest.fixture(scope="session")
def _still_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("still") / "models", free_port())
    with supervisor_lock(made.models):
        made.start()
        yield made
        made.close()


@pytest.fixture
def still_lab(_still_lab: Lab) -> Iterator[Lab]:
    """A dashboard that starts no workers, as another one looks after them: for tests in which nothing trains."""
    yield _still_lab
    _still_lab.clear()


@pytest.fixture
def cold_lab(models: Path) -> Iterator[Lab]:
    """The same, before its first visitor."""
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
