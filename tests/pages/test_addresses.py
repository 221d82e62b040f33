"""Bare addresses in what people and files name are shown as text: no page makes links of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.markdown import JOINER
from tests.damage import DATA, REPORT, add_whole
from tests.pages.visits import opened, said
from tl_core import store
from tl_core.files import write_json
from tl_core.records import Environment, ForkOrigin
from tl_core.store import Run

ADDRESS = "http://evil.example www.evil.example me@evil.example"

LINKED = re.compile(rf"(?<!{JOINER})(https?\\?://|www\.|@)", re.IGNORECASE)
"""What Streamlit's Markdown makes a link of, whatever is escaped."""


@pytest.fixture
def run(models: Path) -> Run:
    """A run in whose every name and text there are addresses."""
    environment = Environment({"keras": ADDRESS}, "3.11", ADDRESS, 2)
    origin = ForkOrigin("parent", 1, ADDRESS)
    state = {"status": store.FAILED, "message": ADDRESS, "forked_from": origin, "environment": environment}
    run = add_whole(models, ADDRESS, **state)
    store.write_notes(run, store.Notes(ADDRESS, ("www.tag.example",), ADDRESS))
    write_json(run.report / "data.json", {**DATA, "classes": [ADDRESS, "dog"], "remarks": [ADDRESS]})
    write_json(run.report / "test.json", {**REPORT, "loss_name": ADDRESS})
    run.log.write_text(ADDRESS)
    return run


def links(page: AppTest) -> list[str]:
    """The Markdown of a page in which a bare address is left."""
    labels = [element.proto.label for kind in ("page_link", "button", "expander") for element in page.get(kind)]
    options = [option.content for element in page.get("button_group") for option in element.proto.options]
    return [text for text in (*said(page).splitlines(), *labels, *options) if LINKED.search(text)]


def test_the_pattern_finds_what_is_not_shown_as_text() -> None:
    assert all(LINKED.search(text) for text in ADDRESS.split())


@pytest.mark.parametrize("tab", ["Curves", "Test report", "Settings", "Data", "Checkpoints"])
def test_the_page_of_a_run_makes_no_links(run: Run, tab: str) -> None:
    assert links(opened("run", run=run.id, tab=tab)) == []


def test_the_other_pages_make_no_links(run: Run) -> None:
    for name, address in (("runs", {}), ("compare", {"runs": run.id}), ("predict", {"run": run.id})):
        assert links(opened(name, **address)) == [], name
