"""Sides from run folders: what the networks of runs made of the same images, each at its exported epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tl_core import store
from tl_core.comparison.sides import Side
from tl_core.errors import BadInput
from tl_core.records import RunState
from tl_core.store import Outputs, Run

Images = Literal["validation", "test"]
"""validation: those that also chose the epoch. test: those on which nothing was chosen, measured once, at export."""


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
    read = [[_read(run, entry.name, images) for run in _by_seed(entry.runs)] for entry in entries]
    _check_same_images(entries, read)
    comparable = len({one.loss_name for side in read for one in side}) == 1
    return tuple(_side(entry, side, comparable) for entry, side in zip(entries, read, strict=True))


@dataclass(frozen=True)
class _Read:
    """A run's outputs: correct and loss of shape (images,)."""

    run: Run
    validation: tuple[Any, ...]
    loss_name: str
    labels: np.ndarray
    correct: np.ndarray
    loss: np.ndarray


def _by_seed(runs: Sequence[Run]) -> list[Run]:
    found: dict[int, Run] = {}
    for run in runs:
        found.setdefault(store.read_spec(run).train.seed, run)
    return list(found.values())


def _read(run: Run, name: str, images: Images) -> _Read:
    state, figures = store.read_state(run), store.read_figures(run)
    if figures is None:
        raise BadInput.of("runs", f"{name} has no epoch yet", "Wait for its first one.")
    outputs, row = _row(run, state, figures.exported.epoch, name, images)
    if not len(outputs.labels) or (outputs.predicted[row] < 0).any():
        raise _unknown(name)
    return _Read(
        run, figures.validation, state.loss_name, outputs.labels, outputs.correct[row], outputs.loss[row].astype(float)
    )


def _row(run: Run, state: RunState, epoch: int, name: str, images: Images) -> tuple[Outputs, int]:
    """Outputs and the row of the exported epoch."""
    if images == "validation":
        outputs = store.read_outputs(run)
        if outputs.epochs < epoch:
            raise _unknown(name)
        return outputs, epoch - 1
    tested = store.read_test_outputs(run) if state.exported_epoch is not None else None
    if tested is None:
        raise BadInput.of(
            "runs",
            f"{name} keeps no outputs on test images",
            "A run measures them once, when it ends; runs without a test part and those of earlier versions have none. "
            "Compare on the validation images.",
        )
    return tested, 0


def _unknown(name: str) -> BadInput:
    return BadInput.of(
        "runs",
        f"{name} was trained by an earlier version, which did not keep what its network made of each image",
        "Train it again to compare it.",
    )


def _check_same_images(entries: Sequence[Entry], read: Sequence[Sequence[_Read]]) -> None:
    first, name = read[0][0], entries[0].name
    for entry, side in zip(entries, read, strict=True):
        for one in side:
            if one.validation != first.validation or not np.array_equal(one.labels, first.labels):
                raise BadInput.of(
                    "runs",
                    f"{name} and {entry.name} were measured on different images",
                    "Only runs with the same data, shares of validation and test images and data.split_seed can be compared image by image.",
                )


def _side(entry: Entry, read: Sequence[_Read], comparable: bool) -> Side:
    loss = np.stack([one.loss for one in read]) if comparable else None
    correct = np.stack([one.correct for one in read])
    return Side(entry.name, correct, loss, read[0].labels, tuple(one.run.id for one in read))
