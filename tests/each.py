"""One test over every row of a table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

MOST_SHOWN = 20


def for_each(names: str | tuple[str, ...], rows: Iterable[Any], ids: Any = None) -> Callable[..., Any]:
    """Like `pytest.mark.parametrize`, but one test, which runs for every row and lists those that failed.

    For tables of many rows whose checks take no time: each test costs milliseconds in every process that collects it. Fixtures are
    shared by the rows.

    Args:
        ids: A function that names a row in the list, or the names; by default the row itself.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    given = list(rows)
    assert given, "a table without rows tests nothing"
    named = list(map(ids, given)) if callable(ids) else list(ids or map(str, given))

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def every(*positional: Any, **fixtures: Any) -> None:
            failed = []
            for name, row in zip(named, given, strict=True):
                values = [row] if len(arguments) == 1 else row
                try:
                    test(*positional, **fixtures, **dict(zip(arguments, values, strict=True)))
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - listed below
                    failed.append(f"{name}: {type(error).__name__}: {error}")
            if failed:
                pytest.fail(
                    f"{len(failed)} of {len(given)} rows failed\n" + "\n".join(failed[:MOST_SHOWN]), pytrace=False
                )

        signature = inspect.signature(test)
        every.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[value for name, value in signature.parameters.items() if name not in arguments]
        )
        return every

    return decorate


def quick_first(values: Iterable[Any], *quick: Any) -> list[Any]:
    """Parameters of which `make test` runs the quick ones, and `make test-all` all."""
    rows = list(values)
    unknown = [value for value in quick if value not in rows]
    assert not unknown, f"no such rows: {unknown}"
    return [row if row in quick else pytest.param(row, marks=pytest.mark.long) for row in rows]
