"""A table of named rows: the form of every extension point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from tl_core.errors import unknown


class Named(Protocol):
    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=Named)


class Registry(Generic[Row]):
    """Rows by name, in the order they were added.

    Args:
        what: The kind of row, for messages ("backbone").
        path: The setting that names a row, for messages ("backbone.name").
    """

    def __init__(self, what: str, path: str, rows: tuple[Row, ...] = ()) -> None:
        self.what = what
        self.path = path
        self._rows: dict[str, Row] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> Row:
        """Adds a row; raises ValueError if its name is taken."""
        if row.name in self._rows:
            raise ValueError(f"two rows of the {self.what} table are named {row.name!r}")
        self._rows[row.name] = row
        return row

    def __getitem__(self, name: str) -> Row:
        """The row with that name; raises BadInput with the nearest names if there is none."""
        if name not in self._rows:
            raise unknown(self.path, self.what, name, self.names)
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._rows)
