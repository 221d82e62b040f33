"""Modules that are made not to be found while others are imported, which do without them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any


class _Absent(MetaPathFinder):
    """A finder that finds none of some modules; for one thread alone, as others may need them at that moment."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.thread = threading.get_ident()

    def find_spec(self, name: str, *_: Any) -> None:
        if name in self.names and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"{name} is not loaded here", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within it, modules of these names that are not loaded yet are not found by this thread."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
