"""What is kept of runs for all visitors: what was made of the latest state of each, and the readers of their outputs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from tl_core.store import EvaluatedSplit, OutputsReader, Run

Made = TypeVar("Made")


class LatestOfRuns(Generic[Made]):
    """Keeps what was made last for each run, as long as its key stays the same; of too many, what was not used for longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Run, tuple[Hashable, Made]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, run: Run, key: Hashable, make: Callable[[], Made]) -> Made:
        """What is kept for a run and this key, or is made now and replaces what was kept for the run."""
        with self._lock:
            found = self._kept.get(run)
            if found is not None and found[0] == key:
                self._kept.move_to_end(run)
                return found[1]
        made = make()
        with self._lock:
            self._kept[run] = key, made
            self._kept.move_to_end(run)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        self._kept.clear()


class OutputReaders:
    """Readers of outputs, so that only new rows are read. What was not used for longest goes when they hold more than so many bytes.

    The readers of the run that is asked for stay, whatever they hold.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._readers: OrderedDict[tuple[Run, EvaluatedSplit], OutputsReader] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._readers)

    def of(self, run: Run, split: EvaluatedSplit) -> OutputsReader:
        with self._lock:
            reader = self._readers.setdefault((run, split), OutputsReader(run, split))
            self._readers.move_to_end((run, split))
            others = [key for key in self._readers if key[0] != run]
            held = sum(one.memory for one in self._readers.values())
            while others and held > self._most:
                held -= self._readers.pop(others.pop(0)).memory
            return reader

    def clear(self) -> None:
        self._readers.clear()
