"""A grid of experiments that differ only in their heads, as plain data; `tl_core.engine.bank` trains all of them together.

The results of a bank are plain JSON:

    {"settings": the base experiment, as in `ExperimentSpec.to_json`,
     "axes": {path: values}, "classes": n, "images": {"train": n, "validation": n},
     "seconds": of training all cells together, "complete": false if it was stopped,
     "cells": [{"settings": {path: value}, "lines": [an epoch's line, ...], "best": the best of them or null,
                "stopped_early": {"epoch": n, "reason": sentence} or null, "diverged": sentence or null}, ...]}

A line is a run's (`tl_core.engine.training.epochs`) without the seconds and the pace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from tl_core.errors import BadInput, Problem, unknown
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec

PER_HEAD: Mapping[str, Any] = {
    "head.dropout": 0.0,
    "head.noise": 0.0,
    "head.l1": 0.0,
    "head.l2": 0.0,
    "head.bias_l1": 0.0,
    "head.bias_l2": 0.0,
    "head.activity_l1": 0.0,
    "head.activity_l2": 0.0,
    "train.learning_rate": 0.001,
    "train.seed": 0,
    "loss.label_smoothing": 0.0,
    "optimizer.weight_decay": 0.0,
    "optimizer.clip_norm": None,
    "optimizer.ema": 0.0,
}
"""The settings in which heads that train side by side may differ, by path, with a value that is allowed whatever the others are."""

AXES = (*PER_HEAD, "head.hidden", "head.batch_norm", "optimizer.name")
"""The settings that cells may differ in, by path. Heads with different values of the last three train one stack after the other."""

MOST_CELLS = 1024

SEEDS = 2**31
"""`train.seed` is below this."""

Cell = dict[str, Any]


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """So many seeds from a first one on; after the highest there is comes 0."""
    return tuple((first + place) % SEEDS for place in range(count))


@dataclass(frozen=True)
class Grid:
    """The values of each axis; the cells are all combinations, with the last axis changing fastest."""

    axes: tuple[tuple[str, tuple[Any, ...]], ...]

    @classmethod
    def of(cls, values: Mapping[str, Sequence[Any]]) -> Grid:
        """From {"head.dropout": [0, 0.5], ...}. A hidden layer may be written as its units: 100 for [100], 0 for [].

        Raises:
            BadInput: an unknown axis, an axis without values or with repeated ones, or too many cells. `cells` checks the
                values.
        """
        grid = cls(tuple((path, _values(path, given)) for path, given in values.items()))
        if not grid.axes:
            raise BadInput.of("grid", "received no axis", f"Vary one or more of {', '.join(AXES)}.")
        if grid.size > MOST_CELLS:
            raise BadInput.of(
                "grid",
                f"received {grid.size:,} combinations; allowed is {MOST_CELLS:,} at most",
                "Leave out values or an axis.",
            )
        return grid

    @property
    def size(self) -> int:
        return prod(len(values) for _, values in self.axes)

    @property
    def combinations(self) -> tuple[dict[str, Any], ...]:
        """The settings of each cell on the axes, by path."""
        paths = [path for path, _ in self.axes]
        return tuple(dict(zip(paths, chosen, strict=True)) for chosen in product(*(values for _, values in self.axes)))


def _values(path: str, given: Sequence[Any]) -> tuple[Any, ...]:
    if path not in AXES:
        raise unknown("grid", "axis", path, AXES)
    values = tuple(map(layers_of, given)) if path == "head.hidden" else tuple(given)
    if not values:
        raise BadInput.of(path, "received no values", "Write one value or more, such as head.dropout=0,0.5.")
    if twice := [value for value in values if values.count(value) > 1]:
        raise BadInput.of(path, f"received {json.dumps(twice[0])} more than once", "Write it once.")
    return values


def layers_of(value: Any) -> Any:
    """A value of head.hidden, which may be written as its units: 100 for [100], 0 for []."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [value] if value else []
    return list(value) if isinstance(value, tuple) else value


def cells(grid: Grid, base: ExperimentSpec) -> tuple[ExperimentSpec, ...]:
    """The experiment of each combination.

    Raises:
        BadInput: every invalid value, with its place on its axis, and everything that a bank cannot train, with a
            remedy.
    """
    if wrong := [problem for path, values in grid.axes for problem in _wrong(base, path, values)]:
        raise BadInput(wrong)
    made = tuple(base.with_values(chosen) for chosen in grid.combinations)
    found = dict.fromkeys(problem for spec in (base, *made) for problem in unsupported(spec))
    if found or (found := dict.fromkeys(_other_features(grid, base))):
        raise BadInput(found)
    return made


def _wrong(base: ExperimentSpec, path: str, values: Sequence[Any]) -> Iterator[Problem]:
    for place, value in enumerate(values, 1):
        try:
            base.with_values({path: value})
        except BadInput as error:
            for problem in error.problems:
                yield Problem(problem.path, f"value {place} of the grid: {problem.message}", problem.remedy)


@dataclass(frozen=True)
class _Limit:
    """A setting that a bank supports at some values only."""

    path: str
    allowed: Callable[[ExperimentSpec], bool]
    remedy: str


_LIMITS = (
    _Limit("head.classifier", lambda spec: not spec.head.solved, "Set it to auto or softmax."),
    _Limit("augment", lambda spec: not spec.augment, "Set it to none: all heads read the same stored features."),
    _Limit("train.feature_cache", lambda spec: spec.train.feature_cache == "auto", "Set it to auto."),
    _Limit("optimizer.precision", lambda spec: spec.optimizer.precision == "float32", "Set it to float32."),
    _Limit(
        "backbone.keep", lambda spec: spec.backbone.keep == "all", "Set it to all: random blocks train with the head."
    ),
    _Limit("start.run", lambda spec: not spec.start.run, "Start from the pretrained weights."),
)


def unsupported(spec: ExperimentSpec) -> tuple[Problem, ...]:
    """The problems of a valid spec that a bank cannot train."""
    found = [_refused(spec, limit.path, limit.remedy) for limit in _LIMITS if not limit.allowed(spec)]
    planned = resolve(spec).phases
    if planned[-1].backbone_rate is not None and spec.backbone.keep == "all":
        found.append(_refused(spec, "backbone.freeze", "Set it to all."))
    elif len(planned) > 1:
        found.append(_refused(spec, "train.stages", "Set it to none."))
    return tuple(found)


def _refused(spec: ExperimentSpec, path: str, remedy: str) -> Problem:
    return Problem(path, f"received {_received(spec, path)}, with which a bank of heads cannot train", remedy)


def _received(spec: ExperimentSpec, path: str) -> str:
    return json.dumps(spec.flat()[path])


def _other_features(grid: Grid, base: ExperimentSpec) -> Iterator[Problem]:
    """With several seeds: settings for which features depend on the seed (random blocks, int8 samples)."""
    one_for_all = (
        _Limit(
            "backbone.weights", lambda spec: spec.backbone.weights != "random", "Use pretrained weights, or one seed."
        ),
        _Limit(
            "train.prefix_precision",
            lambda spec: spec.train.prefix_precision != "int8",
            "Set it to f32, or use one seed.",
        ),
    )
    if len(dict(grid.axes).get("train.seed", ())) > 1:
        for limit in one_for_all:
            if not limit.allowed(base):
                message = f"received {_received(base, limit.path)}, with which each seed would need its own features"
                yield Problem(limit.path, message, limit.remedy)


def ranked(cells: Sequence[Cell]) -> list[Cell]:
    """Cells with epochs, by validation accuracy in their best epoch, highest first; ties: the lowest loss."""
    trained = [cell for cell in cells if cell["best"]]
    return sorted(trained, key=lambda cell: (-cell["best"]["val_accuracy"], cell["best"]["val_loss"]))


def gap(line: Mapping[str, Any]) -> float:
    """Clean training accuracy minus validation accuracy of a head."""
    return float(line["train_eval_accuracy"] - line["val_accuracy"])
