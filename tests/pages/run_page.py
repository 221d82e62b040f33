"""Opening the page of a run, reading what it offers."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages import visits


def opened(run_id: str = "", **params: str) -> AppTest:
    """The page as a visitor finds it who follows a link."""
    return visits.opened("run", run=run_id, **params)


def buttons(page: AppTest) -> set[str]:
    """The buttons that can be pressed."""
    return {button.label for button in page.button if not button.disabled}


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}
