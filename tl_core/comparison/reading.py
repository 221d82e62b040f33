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
    """The sides that can be compared with the first that can be read, and for each other entry a sentence that says why not."""
    read: list[_ReadEntry] = []
    reasons: list[str] = []
    for entry in entries:
        try:
            found = _read_entry(entry, images)
            if read:
                _check_same_images(read[0], found)
            read.append(found)
        except BadInput as error:
            reasons.extend(_sentence(problem) for problem in error.problems)
    return _sides(read), tuple(dict.fromkeys(reasons))


def _sentence(problem: Problem) -> str:
    """A problem without the word for all runs, which stands in front of it on the command line."""
    return str(problem if problem.path != _PATH else replace(problem, path=""))


@dataclass(frozen=True)
class _Read:
    """A run's outputs: correct and loss of shape (images,)."""

    run: Run
    validation: tuple[Any, ...]
    loss_name: str
    labels: np.ndarray
    correct: np.ndarray
    loss: np.ndarray


@dataclass(frozen=True)
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
        raise BadInput.of(_PATH, f"{name} has no epoch yet", "Wait for its first one.")
    outputs = _outputs(run, state, figures.exported.epoch, name, images)
    loss = outputs.loss[0].astype(np.float64)
    return _Read(run, figures.validation, state.loss_name, outputs.labels, outputs.correct[0], loss)


def _outputs(run: Run, state: RunState, epoch: int, name: str, images: Images) -> Outputs:
    """The outputs of the exported epoch, as one row."""
    if images == "validation":
        found = store.read_epoch_outputs(run, epoch)
        if found is None:
            raise _unknown(name)
        return found
    tested = store.read_test_outputs(run) if state.exported_epoch is not None else None
    if tested is None:
        raise BadInput.of(
            _PATH,
            f"{name} keeps no outputs on test images",
            "A run measures them once, when it ends; runs without a test part and those of earlier versions have none. "
            "Compare on the validation images.",
        )
    return tested


def _unknown(name: str) -> BadInput:
    return BadInput.of(
        _PATH,
        f"{name} was trained by an earlier version, or the file of its outputs is gone: there are none of its exported epoch",
        "Train it again to compare it.",
    )


def _check_same_images(one: _ReadEntry, other: _ReadEntry) -> None:
    first = one.seeds[0]
    for found in other.seeds:
        if found.validation != first.validation or not np.array_equal(found.labels, first.labels):
            raise BadInput.of(
                _PATH,
                f"{one.entry.name} and {other.entry.name} were measured on different images",
                "Only runs with the same data, shares of validation and test images and data.split_seed can be compared image by image.",
            )


def _sides(read: Sequence[_ReadEntry]) -> tuple[Side, ...]:
    """The sides; without losses where not all minimise the same."""
    comparable = len({one.loss_name for found in read for one in found.seeds}) == 1
    return tuple(_side(found, comparable) for found in read)


def _side(found: _ReadEntry, comparable: bool) -> Side:
    loss = np.stack([one.loss for one in found.seeds]) if comparable else None
    correct = np.stack([one.correct for one in found.seeds])
    return Side(found.entry.name, correct, loss, found.seeds[0].labels, tuple(one.run.id for one in found.seeds))
