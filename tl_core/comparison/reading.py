"""Sides from run folders: what the networks of runs made of the same images, each at its exported epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tl_core import store
from tl_core.comparison.sides import Side
from tl_core.errors import BadInput, Problem
from tl_core.records import RunState
from tl_core.store import Outputs, Run
from tl_core.text import first_of, joined

Images = Literal["validation", "test"]
"""validation: those that also chose the epoch. test: those on which nothing was chosen, measured once, at export."""


_PATH = "runs"


@dataclass(frozen=True)
class Entry:
    """What becomes a side: a name, and one or several runs of one spec."""

    name: str
    runs: tuple[Run, ...]


def read_sides(entries: Sequence[Entry], images: Images = "validation") -> tuple[Side, ...]:
    """The sides of these entries. Of runs that repeat a seed the first counts: the others are no further evidence.

    Raises:
        BadInput: the runs were measured on different images, or one keeps no outputs on them; says why.
        Damaged: a file cannot be read.
    """
    read = [_read_entry(entry, images) for entry in entries]
    for other in read[1:]:
        _check_same_images(read[0], other)
    return _sides(read)


def readable_sides(entries: Sequence[Entry], images: Images = "validation") -> tuple[tuple[Side, ...], tuple[str, ...]]:
    """The most sides that were measured on the same images, and why the others are left out: a sentence or two for each reason.

    Of several such sets of the same size it is that of the first entry.
    """
    read: list[_ReadEntry] = []
    lacking: dict[_Lack, list[str]] = {}
    reasons: list[str] = []
    for entry in entries:
        try:
            read.append(_read_entry(entry, images))
        except _Lacking as error:
            lacking.setdefault(error.lack, []).append(entry.name)
        except BadInput as error:
            reasons.extend(_sentence(entry, problem) for problem in error.problems)
    largest: list[_ReadEntry] = max(_by_images(read), key=len, default=[])
    if others := [found.entry.name for found in read if found not in largest]:
        lacking[_OTHER_IMAGES] = others
    where = _some([found.entry.name for found in largest])
    return _sides(largest), (*(lack.said(names, where) for lack, names in lacking.items()), *dict.fromkeys(reasons))


def _by_images(read: Sequence[_ReadEntry]) -> list[list[_ReadEntry]]:
    """Those that were measured on the same images together, in order."""
    sets: list[list[_ReadEntry]] = []
    for found in read:
        same = next((known for known in sets if _same_images(known[0], found)), None)
        if same is None:
            sets.append([found])
        else:
            same.append(found)
    return sets


def _sentence(entry: Entry, problem: Problem) -> str:
    """A problem of an entry; without the word for all runs, which stands in front of it on the command line."""
    return str(replace(problem, path="")) if problem.path == _PATH else f"{entry.name}: {problem}"


@dataclass(frozen=True)
class _Lack:
    """Why entries cannot be compared: what is said of one and of several, and what to do."""

    one: str
    several: str
    remedy: str
    remedy_of_several: str = ""

    def said(self, names: Sequence[str], where: str) -> str:
        """In words of these entries; where: the sides that are compared."""
        one = len(names) == 1
        what, remedy = (self.one, self.remedy) if one else (self.several, self.remedy_of_several or self.remedy)
        return f"{_some(names)} {what.format(where=where)}. {remedy}"


def _some(names: Sequence[str]) -> str:
    """Names in a sentence: "a, b and c", "a, b and 18 more"."""
    return joined(names) if len(names) < 4 else first_of(names, 2)


_NO_EPOCH = _Lack("has no epoch yet", "have no epoch yet", "Wait for the first one.")
_NO_OUTPUTS = _Lack(
    "was trained by an earlier version, or the file of its outputs is gone: there are none of its exported epoch",
    "were trained by an earlier version, or the files of their outputs are gone: there are none of their exported epochs",
    "Train it again to compare it.",
    "Train them again to compare them.",
)
_NOT_TESTED = _Lack(
    "keeps no outputs on test images",
    "keep no outputs on test images",
    "A run measures them once, when it ends; runs without a test part and those of earlier versions have none. Compare on the validation images.",
)
_OTHER_IMAGES = _Lack(
    "was measured on other images than {where}",
    "were measured on other images than {where}",
    "Only runs with the same data, shares of validation and test images and data.split_seed can be compared image by image.",
)


class _Lacking(BadInput):
    """An entry lacks what every side needs."""

    def __init__(self, lack: _Lack, name: str) -> None:
        super().__init__(Problem(_PATH, f"{name} {lack.one}", lack.remedy))
        self.lack = lack


@dataclass(frozen=True, eq=False)
class _Read:
    """A run's outputs: correct and loss of shape (images,)."""

    run: Run
    validation: tuple[Any, ...]
    loss_name: str
    labels: np.ndarray
    correct: np.ndarray
    loss: np.ndarray


@dataclass(frozen=True, eq=False)
class _ReadEntry:
    """An entry with what was read of each of its seeds."""

    entry: Entry
    seeds: tuple[_Read, ...]


def _read_entry(entry: Entry, images: Images) -> _ReadEntry:
    found = _ReadEntry(entry, tuple(_read(run, entry.name, images) for run in _by_seed(entry.runs)))
    _check_same_images(found, found)
    return found


def _by_seed(runs: Sequence[Run]) -> list[Run]:
    found: dict[int, Run] = {}
    for run in runs:
        found.setdefault(store.read_spec(run).train.seed, run)
    return list(found.values())


def _read(run: Run, name: str, images: Images) -> _Read:
    state, figures = store.read_state(run), store.read_figures(run)
    if figures is None:
        raise _Lacking(_NO_EPOCH, name)
    outputs = _outputs(run, state, figures.exported.epoch, name, images)
    loss = outputs.loss[0].astype(np.float64)
    return _Read(run, figures.validation, state.loss_name, outputs.labels, outputs.correct[0], loss)


def _outputs(run: Run, state: RunState, epoch: int, name: str, images: Images) -> Outputs:
    """The outputs of the exported epoch, as one row."""
    if images == "validation":
        found = store.read_epoch_outputs(run, epoch)
        if found is None:
            raise _Lacking(_NO_OUTPUTS, name)
        return found
    tested = store.read_test_outputs(run) if state.exported_epoch is not None else None
    if tested is None:
        raise _Lacking(_NOT_TESTED, name)
    return tested


def _check_same_images(one: _ReadEntry, other: _ReadEntry) -> None:
    if not _same_images(one, other):
        which = f"the runs of {one.entry.name}" if one is other else f"{one.entry.name} and {other.entry.name}"
        raise BadInput.of(_PATH, f"{which} were measured on different images", _OTHER_IMAGES.remedy)


def _same_images(one: _ReadEntry, other: _ReadEntry) -> bool:
    first = one.seeds[0]
    return all(
        found.validation == first.validation and np.array_equal(found.labels, first.labels) for found in other.seeds
    )


def _sides(read: Sequence[_ReadEntry]) -> tuple[Side, ...]:
    """The sides; without losses where not all minimise the same."""
    comparable = len({one.loss_name for found in read for one in found.seeds}) == 1
    return tuple(_side(found, comparable) for found in read)


def _side(found: _ReadEntry, comparable: bool) -> Side:
    loss = np.stack([one.loss for one in found.seeds]) if comparable else None
    correct = np.stack([one.correct for one in found.seeds])
    return Side(found.entry.name, correct, loss, found.seeds[0].labels, tuple(one.run.id for one in found.seeds))
