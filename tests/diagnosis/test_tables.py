"""docs/diagnosis.md has every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tl_core.diagnosis.tables import remedy_table, verdict_table

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"


@pytest.mark.parametrize("table", [verdict_table, remedy_table])
def test_the_tables_of_the_page_are_those_of_the_code(table) -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "python -m tl_core.diagnosis.tables prints them"
