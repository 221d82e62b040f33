"""Opening a page as Streamlit runs it, pressing its buttons, reading what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "pages" / "ui" / "frame.py"


def opened(name: str, /, unfolded: Sequence[str] = (), **address: str | list[str]) -> AppTest:
    """The page of this name (`navigation.PAGES`) as a visitor finds it who follows a link with this address.

    Args:
        unfolded: Keys of expanders that are open from the beginning.
    """
    page = AppTest.from_file(str(FRAME), default_timeout=30)
    page.switch_page(f"../{name}.py")
    for key in unfolded:
        page.session_state[key] = True
    for parameter, value in address.items():
        page.query_params[parameter] = value
    page.run()
    assert not page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    """Every sentence of the page."""
    kinds = (page.title, page.markdown, page.caption, page.warning, page.error, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def drawn(page: AppTest) -> str:
    """What the page draws as HTML of its own."""
    return "\n".join(element.proto.body for element in page.get("html"))


def table_of(page: AppTest, label: str) -> list[list[tuple[str, str]]]:
    """The rows of a table of settings, without its head: (text, what the mouse brings up) of each cell."""
    (found,) = re.findall(rf'aria-label="{label}[^"]*">(<table>.*?</table>)', drawn(page))
    table = ElementTree.fromstring(found)
    return [[_cell(cell) for cell in row] for row in table.findall("tbody/tr")]


def _cell(cell: ElementTree.Element) -> tuple[str, str]:
    whole = next((inner.get("title") or "" for inner in cell.iter("span")), "")
    return "".join(cell.itertext()), whole


def address(page: AppTest) -> dict[str, str]:
    """The parameters of the page's address; AppTest gives one that was not changed as a list."""
    return {name: value if isinstance(value, str) else value[0] for name, value in page.query_params.items()}
