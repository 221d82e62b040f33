"""Curves as text for spreadsheets."""

from __future__ import annotations

import csv as standard
import io
from collections.abc import Mapping
from typing import Any

from pages.ui.charts.points import Lines


def csv(lines: Lines) -> str:
    """One row an epoch and one column for each entry of the lines, in the order met; a learning rate has a column a group.

    What a line lacks is empty. Lines of several runs may be mixed where an entry of theirs names the run.
    """
    rows = [_flat(line) for line in lines]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = standard.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in line.items():
        flat |= (
            {f"{name}.{key}": entry for key, entry in value.items()} if isinstance(value, Mapping) else {name: value}
        )
    return flat
