"""Trains a grid of heads: computes features once, then trains all cells in one program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import Prepared
from tl_core.engine.backend import set_up
from tl_core.engine.bank.outcome import Bank, Outcome
from tl_core.engine.bank.training import Arrays, need_memory, run
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.networks.network_pool import NetworkPool, prepare_with_network
from tl_core.engine.training.phase_data import stored_features
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import ProgressCallback
from tl_core.results.head_bank import Cell, Grid, cells
from tl_core.store import cache_folder


def train_bank(base: ExperimentSpec, grid: Grid, models: Path, progress: ProgressCallback) -> dict[str, Any]:
    """Trains every cell of a grid on the features of a run of `base`; writes only caches.

    Returns:
        The JSON form described in `tl_core.results.head_bank`; of the epochs so far, if `progress` raised RunStopped during training.

    Raises:
        BadInput: see `cells`; also as a run of `base`.
        RunFailed: as a run; also if features do not fit into memory.
        RunStopped: `progress` raised it before training.
    """
    specs = cells(grid, base)
    data, arrays = read(base, models, progress)
    bank = run(specs, arrays, progress)
    return _result(base, grid, data, bank)


def read(
    spec: ExperimentSpec, models: Path, progress: ProgressCallback, pool: NetworkPool | None = None
) -> tuple[Prepared, Arrays]:
    """The data of a spec with a frozen backbone, and the features of its head.

    Args:
        pool: Where the pretrained network is taken from and kept; None for a new one.

    Raises:
        BadInput, RunStopped: as a run.
        RunFailed: as a run; also if features do not fit into memory.
    """
    set_up(spec.train.seed)
    experiment, cache = resolve(spec), cache_folder(models)
    data, network = prepare_with_network(experiment, cache, progress, pool or NetworkPool())
    refuse_missing(data.dataset, spec.data.accept_missing)
    classes = len(data.dataset.class_names)
    parts = divide(assemble(experiment, classes, progress, network), experiment, experiment.phases[0].frozen)
    features = stored_features(experiment, data, parts, cache, progress)
    split, labels = data.split, data.dataset.labels
    need_memory(len(split.train) + len(split.validation), int(np.prod(features.shape[1:])))
    return data, Arrays(
        features[split.train], split.train_labels, features[split.validation], labels[split.validation], classes
    )


def _result(base: ExperimentSpec, grid: Grid, data: Prepared, bank: Bank) -> dict[str, Any]:
    split = data.split
    found = zip(grid.combinations, bank.outcomes, strict=True)
    return {
        "settings": base.to_json(),
        "axes": {path: list(values) for path, values in grid.axes},
        "classes": len(data.dataset.class_names),
        "images": {"train": len(split.train), "validation": len(split.validation)},
        "seconds": round(bank.seconds, 3),
        "complete": bank.complete,
        "cells": [_cell(settings, outcome) for settings, outcome in found],
    }


def _cell(settings: dict[str, Any], outcome: Outcome) -> Cell:
    return {
        "settings": settings,
        "lines": [record.to_line() for record in outcome.records],
        "best": outcome.best.to_line() if outcome.best else None,
        "stopped_early": outcome.stopped_early,
        "diverged": outcome.diverged,
    }
