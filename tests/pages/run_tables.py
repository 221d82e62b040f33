"""The tables of runs, read and used as the browser reads and uses them."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.ui.tables import run_table


def all_sent(page: AppTest) -> list[dict[str, Any]]:
    """What the browser is given to draw the tables of the page, from top to bottom."""
    found = [json.loads(element.proto.json) for element in page.get("bidi_component") if element.proto.json]
    return [data for data in found if "rows" in data]


def sent(page: AppTest) -> dict[str, Any]:
    """The same of its first table; empty if there is none."""
    return next(iter(all_sent(page)), {})


def titles(page: AppTest) -> list[str]:
    """The names of the runs, from top to bottom."""
    return [row["cells"][0]["text"] for row in sent(page).get("rows", [])]


def columns(page: AppTest) -> list[str]:
    """The titles of the columns, from left to right."""
    return [column["title"] for column in sent(page)["columns"]]


def cells(page: AppTest) -> list[dict[str, Any]]:
    """The cells of each row by the titles of their columns."""
    return [dict(zip(columns(page), row["cells"], strict=True)) for row in sent(page)["rows"]]


def texts(page: AppTest) -> list[dict[str, str]]:
    """What stands in them, each in one line."""
    return [
        {title: " ".join(filter(None, [cell.get("text"), cell.get("small")])) for title, cell in row.items()}
        for row in cells(page)
    ]


def select(page: AppTest, key: str, *names: str) -> AppTest:
    """Clicks on the boxes beside these runs."""
    ids = {row["cells"][0]["text"]: row["id"] for row in sent(page)["rows"]}
    page.session_state[f"{key}.selection"] = run_table.Selection(tuple(ids[name] for name in names), 1)
    return page.run()


def selected(page: AppTest) -> list[str]:
    """The names of the runs that are selected in the table."""
    data = sent(page)
    return [row["cells"][0]["text"] for row in data["rows"] if row["id"] in data["selected"]]
