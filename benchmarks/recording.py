"""Long runs: an epoch after ten thousand others over one of the first, and how a page follows ten thousand epochs over a hundred.

The run is real at both ends: a tiny head on digits that trains and records its first hundred epochs, and, resumed, its last hundred. The
epochs in between are written as an interrupted run would leave them, to save time. For a page, the whole server side of the answer to
one new epoch is measured, alternating between the short and the long run.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks.figures import Conditions, Figure
from benchmarks.timing import in_turn
from tl_core import store
from tl_core.cache.arrays import unwatched
from tl_core.engine.results.measures import cross_entropy
from tl_core.engine.training import checkpoints
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunStopped
from tl_core.experiment.presets import PRESETS
from tl_core.records import EpochRecord
from tl_core.store.epochs import EpochLog, lines_of
from tl_core.store.val_outputs import write_val_outputs

EPOCHS, END = 10_000, 100
SKIPPED = 20
"""Epochs at the beginning of a process that are not counted: what they read is not yet at hand."""

TICKS = 15
PAGE = Path(__file__).parent.parent / "pages" / "ui" / "frame.py"
SETTINGS = {
    "data.source": "digits",
    "data.images_per_class": 20,
    "data.image_size": 32,
    "backbone.name": "EfficientNetLite0",
    "train.epochs": EPOCHS,
    "train.keep_checkpoints": 1,
    "train.learning_rate": 1e-5,
    "schedule.name": "plateau",
    "stopping.rule": "patience",
    "stopping.patience": 1000,
}


def measure(conditions: Conditions) -> Iterator[Figure]:
    run = store.create(conditions.models, PRESETS["feature-extraction"].spec(SETTINGS), "long")
    first = _seconds_an_epoch(run, conditions.models, END)
    short = _shortened(conditions.models, store.read_epochs(run))
    _lengthen(run, EPOCHS - END)
    last = _seconds_an_epoch(run, conditions.models, EPOCHS)
    note = f"medians of {END - SKIPPED} epochs: {1000 * first:.3g} ms at the beginning, {1000 * last:.3g} ms at the end"
    yield Figure(
        f"an epoch of a run of {EPOCHS:,}, recorded: the last over the first", last / first, 1.1, "times", note=note
    )
    yield _tick(conditions.models, short, run)


def _seconds_an_epoch(run: store.Run, models: Path, until: int) -> float:
    """Trains until an epoch is recorded; the median of an epoch."""
    ends: list[float] = []

    def on_epoch(record: EpochRecord) -> None:
        ends.append(time.perf_counter())
        if record.epoch == until:
            raise RunStopped("measured")

    with suppress(RunStopped):
        train(run, models, unwatched, on_epoch)
    return statistics.median(np.diff(ends[SKIPPED:]))


def _lengthen(run: store.Run, until: int) -> None:
    """Gives a stopped run epochs as if it had trained on until one of them, with a loss that falls slowly: or it would end early."""
    entry = checkpoints.entries_of(run.checkpoints)[-1]
    records = list(store.read_epochs(run))
    records += [_later(records[-1], epoch) for epoch in range(len(records) + 1, until + 1)]
    log = EpochLog(run, lines_of(records[:-1]))
    outputs = store.read_val_outputs(run)
    write_val_outputs(run, until, cross_entropy(np.zeros((len(outputs.labels), 10)), outputs.labels))
    values = checkpoints.load(run.checkpoints, entry)
    checkpoints.save(run.checkpoints, values, records[-1], log.append(records[-1]), records[-1].epoch, 1)


def _later(record: EpochRecord, epoch: int) -> EpochRecord:
    loss = record.metrics["val_loss"] * (1 - 1e-6 * (epoch - record.epoch))
    return replace(record, epoch=epoch, metrics={**record.metrics, "val_loss": loss})


def _shortened(models: Path, records: Sequence[EpochRecord]) -> store.Run:
    """A run of its own with these epochs."""
    run = store.create(models, PRESETS["feature-extraction"].spec(SETTINGS), "short")
    EpochLog(run, lines_of(records))
    return run


def _tick(models: Path, short: store.Run, long: store.Run) -> Figure:
    for run in (short, long):
        store.write_state(run, status=store.RUNNING, **store.this_process())
    os.environ["TL_MODELS"] = str(models)
    few, many = in_turn([_follower(short), _follower(long)], TICKS)
    note = f"the Run page, after one new epoch: {few} with {END} epochs, {many} with {EPOCHS:,}"
    return Figure(
        f"live tick with {EPOCHS:,} epochs over one with {END}", many.median / few.median, 1.5, "times", note=note
    )


def _follower(run: store.Run) -> Callable[[], object]:
    """A page of a run: each call adds an epoch and draws the page again."""
    content = (run.folder / "metrics.jsonl").read_bytes()
    log, page = EpochLog(run, content), AppTest.from_file(str(PAGE), default_timeout=120)
    page.switch_page("../run.py")
    page.query_params["run"] = run.id
    page.run()

    def tick() -> None:
        log.append(replace(log.records[-1], epoch=log.records[-1].epoch + 1))
        page.run()
        assert not page.exception

    return tick
