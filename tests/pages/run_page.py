"""Opening the page of a run, reading what it offers."""

from __future__ import annotations

import re
from html import unescape

from streamlit.testing.v1 import AppTest

from tests.pages import visits


def opened(run_id: str = "", **params: str) -> AppTest:
    """The page as a visitor finds it who follows a link."""
    return visits.opened("run", run=run_id, **params)


def buttons(page: AppTest) -> set[str]:
    """The buttons that can be pressed."""
    return {button.label for button in page.button if not button.disabled}


def title(page: AppTest) -> str:
    """The title in the head of the page; its tooltip has the same text."""
    (found,) = re.findall(r'<h1 title="([^"]*)">([^<]*)</h1>', visits.drawn(page))
    assert found[0] == found[1]
    return unescape(found[0])


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}
