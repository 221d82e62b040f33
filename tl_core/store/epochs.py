"""metrics.jsonl, the authority on the epochs of a run: one line per epoch, appended and synced before its checkpoint."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, overload

import numpy as np

from tl_core.errors import Damaged
from tl_core.files import check_readable, parse_json, reading, write_bytes
from tl_core.metrics import METRICS
from tl_core.records import EpochRecord
from tl_core.store.run import Run

FILE = "metrics.jsonl"


class Mark(NamedTuple):
    """The end of an epoch's line in metrics.jsonl: the number of bytes up to it, and their SHA-256."""

    bytes: int
    sha256: str


class Epochs(Sequence[EpochRecord]):
    """The epochs of a run, in order, inherited ones first. Columns are arrays, extended incrementally as the run grows."""

    def __init__(self, records: Sequence[EpochRecord] = (), before: Epochs | None = None) -> None:
        """before: The same run with fewer epochs."""
        self._records = tuple(records)
        self._columns: dict[str, np.ndarray] = dict(before._columns) if before else {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self._records)

    @overload
    def __getitem__(self, place: int) -> EpochRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Epochs: ...
    def __getitem__(self, place: int | slice) -> EpochRecord | Epochs:
        return Epochs(self._records[place]) if isinstance(place, slice) else self._records[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._records == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def column(self, name: str) -> np.ndarray:
        """A metric, "epoch", "seconds", "images_per_second" or "learning_rate.GROUP": float64, shape (epochs,); NaN if an epoch has none."""
        known = self._columns.get(name, np.zeros(0))
        if len(known) < len(self):
            new = [_value(record, name) for record in self._records[len(known) :]]
            known = self._columns[name] = np.concatenate([known, np.array(new, np.float64)])
        return known

    @property
    def inherited(self) -> int:
        """Number of inherited epochs."""
        return int(self.column("inherited").sum())

    @property
    def phase_starts(self) -> list[int]:
        """The indices of the first epochs of phases, except the first phase."""
        phases = self.column("phase")
        return [int(place) + 1 for place in np.flatnonzero(phases[1:] != phases[:-1])]

    @property
    def rate_groups(self) -> tuple[str, ...]:
        """The parameter groups with a learning rate in some epoch; they are constant within a phase."""
        firsts = [self[place] for place in (0, self.inherited, *self.phase_starts) if place < len(self)]
        return tuple(dict.fromkeys(group for record in firsts for group in record.learning_rate))

    @property
    def head_only(self) -> int:
        """Number of epochs, from the first on, in which no layer of the backbone trained; 0 for a classifier that is solved."""
        firsts = sorted({0, self.inherited, *self.phase_starts})
        thawed = (place for place in firsts if place < len(self) and self[place].learning_rate.keys() - {"head"})
        rated = bool(self) and bool(self[0].learning_rate)
        return next(thawed, len(self)) if rated else 0

    def at(self, epoch: int) -> EpochRecord | None:
        """The record of an epoch; None if there is none."""
        places = np.flatnonzero(self.column("epoch") == epoch)
        return self[int(places[0])] if len(places) else None

    def best(self, metric: str) -> EpochRecord | None:
        """The best of the run's own epochs; see `tl_core.records.best`. None if it has none."""
        first, higher = self.inherited, METRICS[metric].direction == "higher"
        value = self.column(metric)[first:] * (-1 if higher else 1)
        if not len(value):
            return None
        value = np.where(np.isnan(value), np.inf, value)
        equal = np.flatnonzero(value == value.min())
        losses = np.nan_to_num(self.column("val_loss")[first:][equal], nan=np.inf)
        return self[first + int(equal[losses.argmin()])]


def _value(record: EpochRecord, name: str) -> float:
    kind, _, group = name.partition(".")
    if kind == "learning_rate":
        return record.learning_rate.get(group, math.nan)
    if kind == "inherited":
        return float(bool(record.inherited_from))
    if kind == "phase":
        return float(zlib.crc32(record.phase.encode()))  # A number for each name.
    if kind in ("epoch", "seconds", "images_per_second"):
        found = getattr(record, kind)
        return math.nan if found is None else float(found)
    return record.metrics.get(name, math.nan)


def read_epochs(run: Run) -> Epochs:
    """The records of a run's epochs, without an incomplete last line.

    Raises:
        Damaged: it cannot be read, or a complete line is damaged.
    """
    return EpochReader(run).read()


class EpochReader:
    """Reads the epochs of a run incrementally; threads may share it."""

    def __init__(self, run: Run) -> None:
        self._file = run.folder / FILE
        self._lock = threading.Lock()
        self._epochs = Epochs()
        self._end, self._last = 0, b""

    def read(self) -> Epochs:
        """All epochs, as in `read_epochs`; the same object if nothing is new, otherwise a new one."""
        with self._lock:
            try:
                with reading(self._file, "Restore it, or start a new run."):
                    self._read_on()
            except FileNotFoundError:
                self._forget()
            except Damaged:
                self._forget()
                raise
            return self._epochs

    def _read_on(self) -> None:
        check_readable(self._file)
        with self._file.open("rb") as opened:
            new = self._unread(opened)
        if new:
            self._epochs = Epochs([*self._epochs, *records_of(new)], self._epochs)
            self._end, self._last = self._end + len(new), new[new.rfind(b"\n", 0, -1) + 1 :]

    def _unread(self, opened: BinaryIO) -> bytes:
        """The complete lines after those that were read; all lines if the last read line has changed."""
        opened.seek(self._end - len(self._last))
        content = opened.read()
        if not content.startswith(self._last):
            self._forget()
            opened.seek(0)
            content = opened.read()
        return content[len(self._last) : content.rfind(b"\n") + 1]

    def _forget(self) -> None:
        self._epochs, self._end, self._last = Epochs(), 0, b""


class EpochLog:
    """Writes metrics.jsonl of a running run, at a cost per epoch that does not depend on the number of epochs.

    Attributes:
        records: The records of the run's own epochs.
    """

    def __init__(self, run: Run, content: bytes) -> None:
        """content: Complete lines that replace the file."""
        self._file = run.folder / FILE
        self.records = [record for record in records_of(content) if not record.inherited_from]
        self._size, self._sum = len(content), hashlib.sha256(content)
        if not self._file.exists() or self._file.read_bytes() != content:
            write_bytes(self._file, content)

    def append(self, record: EpochRecord) -> Mark:
        """Appends an epoch, syncs the file, and returns its mark."""
        line = line_of(record)
        with self._file.open("ab") as opened:
            opened.write(line)
            opened.flush()
            os.fsync(opened.fileno())
        self.records.append(record)
        self._size += len(line)
        self._sum.update(line)
        return Mark(self._size, self._sum.copy().hexdigest())


def lines_of(records: Iterable[EpochRecord]) -> bytes:
    return b"".join(map(line_of, records))


def line_of(record: EpochRecord) -> bytes:
    return (json.dumps(record.to_line(), allow_nan=False) + "\n").encode()


def records_of(content: bytes) -> list[EpochRecord]:
    """The records of complete lines; raises ValueError or RecursionError if one is damaged."""
    return [EpochRecord.from_line(parse_json(line)) for line in content.split(b"\n")[:-1]]


def lines_until(run: Run, mark: Mark) -> bytes | None:
    """The lines up to a mark; None if the checksum of the file does not match."""
    try:
        with (run.folder / FILE).open("rb") as opened:
            content = opened.read(mark.bytes)
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == mark.sha256 else None
