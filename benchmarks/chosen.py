"""The argument --only: which rows of a table of modules are measured."""

from __future__ import annotations

from collections.abc import Mapping

from tl_core.errors import unknown


def chosen(only: str, table: Mapping[str, str], what: str) -> list[str]:
    """The names in a comma-separated text, in the order of the table; all of them if it is empty.

    Args:
        what: A row of the table in words, for the error.

    Raises:
        BadInput: a name is not in the table.
    """
    names = [name for name in only.split(",") if name]
    for name in names:
        if name not in table:
            raise unknown("--only", what, name, table)
    return [name for name in table if not names or name in names]
