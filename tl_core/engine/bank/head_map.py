"""Makes a regularisation map: a head for every cell and seed, trained together in a bank; then the heads that are solved at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from tl_core.comparison import lowest_set, mean_intervals
from tl_core.engine.bank.closed_form import rows_against
from tl_core.engine.bank.grid import read
from tl_core.engine.bank.outcome import Outcome
from tl_core.engine.bank.training import Arrays, run
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.errors import RunStopped
from tl_core.experiment.solved import CLOSED_FORM
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Estimate, wilson_interval
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage
from tl_core.results.head_bank import cells
from tl_core.results.head_map import HeadCurves, HeadMap, MapCell, MapOptions
from tl_core.results.head_scores import HeadRow

BETWEEN = 0.3
"""Seconds between two results so far."""

DIGITS = 6
"""Of the figures of curves, which would otherwise take most of a result's file."""

Partial = Callable[[HeadMap], None]


def head_map(
    spec: ExperimentSpec,
    options: MapOptions,
    models: Path,
    progress: ProgressCallback,
    partial: Partial,
    pool: NetworkPool | None = None,
) -> HeadMap:
    """The map of a spec over one or two of its settings; writes only caches.

    Args:
        progress: If it raises RunStopped during training, the map is that of the epochs so far; after it, without the heads that were not
            solved yet.
        partial: Gets the map so far, without the cells that are as good as the best; and the whole one before heads are solved at once.
        pool: Where the pretrained network is taken from and kept.

    Raises:
        BadInput: see `check_map`; also as a run of the spec.
        RunFailed: as a run; also if features do not fit into memory.
        RunStopped: `progress` raised it before training.
    """
    specs = cells(options.grid(spec), spec)
    _, arrays = read(spec, models, progress, pool)
    made, began, last = _Maker(spec, options, arrays), time.monotonic(), 0.0

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last < BETWEEN:
            return False
        last = time.monotonic()
        return True

    def tell(outcomes: Sequence[Outcome]) -> None:
        if due():
            partial(made.so_far(outcomes, time.monotonic() - began))

    bank = run(specs, arrays, progress, tell)
    found = made.whole(bank.outcomes, bank.seconds, bank.complete)
    if bank.complete:
        partial(found)
        with suppress(RunStopped):
            for rows in _closed_form(spec, arrays, _by_cell(bank.outcomes, options.seeds), progress):
                found = replace(found, closed_form=rows)
                if due():
                    partial(found)
    return found


def _closed_form(
    spec: ExperimentSpec, arrays: Arrays, of_cells: Sequence[Sequence[Outcome]], progress: ProgressCallback
) -> Iterator[tuple[HeadRow, ...]]:
    """The heads that are solved at once beside the cells, once more after each; none if no cell has an epoch."""
    known = [heads for heads in of_cells if all(head.best for head in heads)]
    activity = Activity(Stage.SOLVING, part="closed-form heads")

    def watch(done: int) -> None:
        progress(activity, done, len(CLOSED_FORM))

    if known:
        yield from rows_against(_losses(known), arrays, spec.head, spec.train.seed, watch)


def _by_cell(outcomes: Sequence[Outcome], seeds: int) -> list[Sequence[Outcome]]:
    return [outcomes[start : start + seeds] for start in range(0, len(outcomes), seeds)]


def _losses(of_cells: Sequence[Sequence[Outcome]]) -> np.ndarray:
    """Of heads that all have an epoch, shape (seeds, cells, images)."""
    return np.array([[head.losses for head in heads] for heads in of_cells]).swapaxes(0, 1)


class _Maker:
    """Makes the maps of one question, from the outcomes of its heads."""

    def __init__(self, spec: ExperimentSpec, options: MapOptions, arrays: Arrays) -> None:
        self._options, self._seeds, self._classes = options, options.seeds_of(spec), arrays.classes
        self._images = {"train": len(arrays.train_labels), "validation": len(arrays.validation_labels)}
        self._epochs = spec.train.epochs

    def so_far(self, outcomes: Sequence[Outcome], seconds: float) -> HeadMap:
        return self._map(outcomes, seconds, complete=False, told_apart=False)

    def whole(self, outcomes: Sequence[Outcome], seconds: float, complete: bool) -> HeadMap:
        return self._map(outcomes, seconds, complete, told_apart=True)

    def _map(self, outcomes: Sequence[Outcome], seconds: float, complete: bool, told_apart: bool) -> HeadMap:
        values = list(product(*(axis.values for axis in self._options.axes)))
        of_cells = _by_cell(outcomes, len(self._seeds))
        known = [place for place, heads in enumerate(of_cells) if all(head.best for head in heads)]
        found: dict[int, MapCell] = {}
        if known:
            losses = _losses([of_cells[place] for place in known])
            found = self._known_cells(known, values, of_cells, losses, told_apart)
        rest = {place: MapCell(values[place], _curves(heads)) for place, heads in enumerate(of_cells)}
        return HeadMap(
            self._options.axes,
            self._seeds,
            self._classes,
            self._images,
            self._epochs,
            tuple(found.get(place, cell) for place, cell in rest.items()),
            round(seconds, 3),
            complete,
        )

    def _known_cells(
        self,
        known: Sequence[int],
        values: Sequence[tuple[float, ...]],
        of_cells: Sequence[Sequence[Outcome]],
        losses: np.ndarray,
        told_apart: bool,
    ) -> dict[int, MapCell]:
        """The cells whose heads all have an epoch, by place.

        Args:
            losses: Of them, shape (seeds, cells, images).
        """
        means = losses.mean(axis=0, dtype=np.float64)
        low, high = mean_intervals(means)
        as_good = lowest_set(losses) if told_apart else np.zeros(len(known), bool)
        return {
            place: MapCell(
                values[place],
                _curves(of_cells[place]),
                Estimate(float(means[number].mean()), float(low[number]), float(high[number])),
                *self._accuracy_and_gap([head.best for head in of_cells[place] if head.best]),
                bool(as_good[number]),
            )
            for number, place in enumerate(known)
        }

    def _accuracy_and_gap(self, best: Sequence[EpochRecord]) -> tuple[float, Estimate]:
        train, accuracy = (
            float(np.mean([record.metrics[name] for record in best]))
            for name in ("train_eval_accuracy", "val_accuracy")
        )
        images = self._images["validation"]
        low, high = wilson_interval(round(accuracy * images), images)
        return accuracy, Estimate(train - accuracy, train - max(high, accuracy), train - min(low, accuracy))


def _curves(heads: Sequence[Outcome]) -> tuple[HeadCurves, ...]:
    return tuple(map(_curves_of, heads))


def _curves_of(head: Outcome) -> HeadCurves:
    return HeadCurves(
        loss=_curve(head.records, "loss"),
        train_eval_loss=_curve(head.records, "train_eval_loss"),
        train_eval_accuracy=_curve(head.records, "train_eval_accuracy"),
        val_loss=_curve(head.records, "val_loss"),
        val_accuracy=_curve(head.records, "val_accuracy"),
        best=head.best.epoch if head.best else None,
        ended="diverged" if head.diverged else "stopped early" if head.stopped_early else "",
    )


def _curve(records: Sequence[EpochRecord], name: str) -> tuple[float, ...]:
    return tuple(float(f"{record.metrics[name]:.{DIGITS}g}") for record in records)
