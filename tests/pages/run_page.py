"""Opening the page of a run, pressing its buttons, reading what it says."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

FRAME = Path(__file__).parents[2] / "pages" / "ui" / "frame.py"


def opened(run_id: str = "", **params: str) -> AppTest:
    """The page as a visitor finds it who follows a link."""
    page = AppTest.from_file(str(FRAME), default_timeout=30)
    page.switch_page("../run.py")
    for name, value in ({"run": run_id} | params).items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def buttons(page: AppTest) -> set[str]:
    """The buttons that can be pressed."""
    return {button.label for button in page.button if not button.disabled}


def said(page: AppTest) -> str:
    """Every sentence of the page."""
    kinds = (page.title, page.markdown, page.caption, page.warning, page.error, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page
