"""The decorator that runs a test for every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.each import for_each


def test_every_row_is_run_and_every_failure_is_listed(tmp_path: Path) -> None:
    seen = []

    @for_each("number, text", [(1, "one"), (2, "two"), (3, "three")], ids=["a", "b", "c"])
    @for_each("sign", [1, -1])
    def check(number: int, text: str, sign: int, folder: Path) -> None:
        seen.append((number, text, sign, folder))
        assert number == 2

    with pytest.raises(pytest.fail.Exception, match=r"(?s)2 of 3 rows failed.*a: .*2 of 2 rows failed.*c: ") as failed:
        check(folder=tmp_path)
    assert "b: " not in str(failed.value)
    assert seen == [(n, t, s, tmp_path) for n, t in ((1, "one"), (2, "two"), (3, "three")) for s in (1, -1)]


def test_a_table_without_rows_is_an_error() -> None:
    with pytest.raises(AssertionError, match="tests nothing"):
        for_each("number", [])
