"""A run, or several runs as one, as charts that compare them draw it: its curves, and where its epochs stand on the x axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pages.ui.charts.measures import Kind, measure_of
from pages.ui.charts.points import x_values
from pages.ui.charts.traces import Marked, X
from tl_core.store import Epochs


@dataclass(frozen=True)
class Named:
    """A run among others.

    Attributes:
        title: Tells it apart from the others.
        id: What it stays the same by, from one drawing to the next; a click opens its page.
        colour: A name of colours.py; empty for that of its place.
        best: The epoch with the star.
        steps: Optimiser steps up to the end of each epoch; None if unknown.
    """

    title: str
    epochs: Epochs
    id: str = ""
    colour: str = ""
    best: Marked | None = None
    steps: np.ndarray | None = None


@dataclass(frozen=True)
class Curve:
    """One kind of curve of a series; each array float64, shape (points,).

    Attributes:
        values: Of a run; of several runs their mean.
        low, high: The lowest and the highest of several runs; None of one.
    """

    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclass(frozen=True)
class Series:
    """What one line of the legend stands for.

    Attributes:
        epochs: The numbers of the epochs; of several runs aligned where fine-tuning begins, those after it. int64, shape (points,).
        at: Where they stand on the x axis: float64, shape (points,).
        counts: From how many runs each point is: int64, shape (points,).
        runs: How many it stands for; members: their ids.
        star: The place of the exported epoch on the measured validation curve; None of several runs.
    """

    id: str
    title: str
    colour: str
    epochs: np.ndarray
    at: np.ndarray
    curves: Mapping[Kind, Curve]
    counts: np.ndarray
    star: int | None = None
    runs: int = 1
    members: tuple[str, ...] = ()


def series_of(run: Named, quantity: str, x: X, show: Sequence[Kind], aligned: bool = False) -> Series:
    """The curves of one run.

    Args:
        aligned: Whether 0 is where fine-tuning begins: what a run trained before, its head alone, lies left of it.
    """
    numbers, at = run.epochs.column("epoch"), x_values(run.epochs, x, run.steps)
    measured = {kind: values(run.epochs) for kind, values in measure_of(quantity).curves.items() if kind in show}
    starred = np.flatnonzero(numbers == run.best.epoch).tolist() if run.best else []
    if aligned and (before := run.epochs.head_only):
        numbers, at = numbers - numbers[before - 1], at - at[before - 1]
    return Series(
        run.id or run.title,
        run.title,
        run.colour,
        numbers.astype(np.int64),
        at,
        {kind: Curve(curve) for kind, curve in measured.items() if np.isfinite(curve).any()},
        np.ones(len(numbers), np.int64),
        starred[0] if starred and "val" in measured and np.isfinite(measured["val"][starred[0]]) else None,
        members=(run.id,),
    )


def begun_at(one: Series, place: int) -> Series:
    """The same run without the epochs before this place: a fork begins on the curve of its parent."""
    curves = {kind: Curve(curve.values[place:]) for kind, curve in one.curves.items()}
    star = one.star - place if one.star is not None and one.star >= place else None
    return replace(
        one, epochs=one.epochs[place:], at=one.at[place:], curves=curves, counts=one.counts[place:], star=star
    )


def mean_of(id: str, title: str, colour: str, members: Sequence[Series]) -> Series:
    """Several runs as one: in each epoch the mean, the lowest and the highest of those that have it.

    Where they end at different epochs, the later ones are of fewer runs, which `counts` says, and the mean goes on in their strides.
    """
    if len(members) == 1:
        (only,) = members
        return replace(only, id=id, title=title, colour=colour)
    epochs = np.unique(np.concatenate([member.epochs for member in members])).astype(np.int64)
    kinds = dict.fromkeys(kind for member in members for kind in member.curves)
    placed = np.stack([_placed(epochs, member.epochs, member.at) for member in members])
    curves = {kind: _curve(epochs, kind, members) for kind in kinds}
    counts = np.isfinite(placed).sum(axis=0)
    runs = tuple(id for member in members for id in member.members)
    return Series(id, title, colour, epochs, _strides(placed), curves, counts, None, len(members), runs)


def _curve(epochs: np.ndarray, kind: Kind, members: Iterable[Series]) -> Curve:
    values = [_placed(epochs, one.epochs, one.curves[kind].values) for one in members if kind in one.curves]
    stacked = np.stack(values)
    some = np.isfinite(stacked).any(axis=0)
    low = np.where(some, np.where(np.isfinite(stacked), stacked, np.inf).min(axis=0), np.nan)
    high = np.where(some, np.where(np.isfinite(stacked), stacked, -np.inf).max(axis=0), np.nan)
    return Curve(_mean(values), low, high)


def _strides(placed: np.ndarray) -> np.ndarray:
    """Where the mean of several runs stands on the x axis, which never runs backwards.

    It is the mean place in the first epoch that most runs have, and from there the mean stride of the runs that have two epochs in a row: a slow run
    that ends early does not pull later epochs back to where the quick ones are.

    Args:
        placed: Shape (runs, points); NaN where a run has no such epoch.

    Returns:
        Shape (points,); NaN where no run has a place.
    """
    counts, means = np.isfinite(placed).sum(axis=0), _mean(list(placed))
    strides, jumps = _mean(list(np.diff(placed, axis=1))), np.nan_to_num(np.diff(means))
    along = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(strides), strides, np.maximum(jumps, 0.0)))])
    first = int(counts.argmax())
    return np.where(counts > 0, means[first] + along - along[first], np.nan)


def _placed(epochs: np.ndarray, own: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values of a run at the epochs of all; NaN at those it does not have."""
    placed = np.full(len(epochs), np.nan)
    placed[np.searchsorted(epochs, own)] = values
    return placed


def _mean(rows: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of each column, over those that are numbers; NaN where there is none."""
    stacked = np.stack(rows)
    known = np.isfinite(stacked)
    total, count = np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
