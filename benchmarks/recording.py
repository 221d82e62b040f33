"""Long runs: an epoch after ten thousand others over one of the first, and how a page follows ten thousand epochs over a hundred.

A tiny head on digits trains and records blocks of epochs, alternating between the beginning of a run and the end of one of ten thousand
epochs, whose earlier epochs are written as an interrupted run would leave them. For a page, the whole server side of the answer to one new
epoch is measured, alternating between the short and the long run. And what it adds to an epoch on cached features that the outputs on clean training
images are kept beside those on validation images.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks.figures import Conditions, Figure
from benchmarks.tail import Data, trainer_on
from benchmarks.timing import in_turn
from tl_core import store
from tl_core.cache.arrays import unwatched
from tl_core.engine.results.reports import cross_entropy
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import Evaluated
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunStopped
from tl_core.experiment.presets import PRESETS
from tl_core.records import EpochRecord
from tl_core.store.epochs import EpochLog, lines_of
from tl_core.store.outputs import write_outputs

EPOCHS, FEW = 10_000, 100
BLOCK, SKIPPED, ROUNDS = 60, 20, 3
"""Epochs trained at a time, those of them that are not counted, for what they read is not yet at hand, and how often."""

TICKS = 15
WRITTEN = 60
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
    models = conditions.models
    yield _outputs(models)
    young = store.create(models, PRESETS["feature-extraction"].spec(SETTINGS), "first epochs")
    _seconds_an_epoch(young, models)
    old = _lengthened(models, young, EPOCHS - ROUNDS * BLOCK)
    rounds = [(_seconds_an_epoch(young, models), _seconds_an_epoch(old, models)) for _ in range(ROUNDS)]
    first, last = (statistics.median(chain.from_iterable(seconds)) for seconds in zip(*rounds, strict=True))
    note = f"medians of {ROUNDS * (BLOCK - SKIPPED)} epochs: {1000 * first:.3g} ms at the beginning, {1000 * last:.3g} ms at the end"
    name = f"an epoch of a run of {EPOCHS:,}, recorded: the last over the first"
    yield Figure(name, last / first, 1.1, "times", note=note)
    yield _tick(models, _shortened(models, store.read_epochs(young)[:FEW]), old)


def _outputs(models: Path) -> Figure:
    """The outputs of a linear head on as many images as a run of photos has, written, beside its epoch."""
    trainer = trainer_on(Data.made())
    run, epochs = store.create(models, PRESETS["feature-extraction"].spec(SETTINGS), "outputs"), count(1)
    _, evaluated = trainer.epoch(next(epochs), unwatched)
    validation: Evaluated = {"val": evaluated["val"]}
    alone = store.create(models, PRESETS["feature-extraction"].spec(SETTINGS), "outputs on validation images")
    written, written_alone = count(1), count(1)
    sides = [
        lambda: trainer.epoch(next(epochs), unwatched),
        lambda: write_outputs(run, next(written), evaluated),
        lambda: write_outputs(alone, next(written_alone), validation),
    ]
    epoch, both, one = in_turn(sides, WRITTEN)
    added = statistics.median(two - single for two, single in zip(both.seconds, one.seconds, strict=True))
    note = f"an epoch {epoch}, outputs on both {both}, on validation images alone {one}"
    name = "outputs on clean training images, written: share of an epoch on cached features"
    return Figure(name, 100 * added / (epoch.median + both.median), 2, "%", note=note)


def _seconds_an_epoch(run: store.Run, models: Path) -> list[float]:
    """Trains a block of epochs; how long each took but for those at its beginning."""
    ends: list[float] = []

    def on_epoch(_: EpochRecord) -> None:
        ends.append(time.perf_counter())
        if len(ends) == BLOCK:
            raise RunStopped("measured")

    with suppress(RunStopped):
        train(run, models, unwatched, on_epoch)
    return np.diff(ends[SKIPPED - 1 :]).tolist()


def _lengthened(models: Path, young: store.Run, until: int) -> store.Run:
    """A run that has trained until an epoch, by its files, with a loss that has fallen slowly: or it would end early."""
    made = store.create(models, PRESETS["feature-extraction"].spec(SETTINGS), "last epochs")
    records = list(store.read_epochs(young))
    records += [_later(records[-1], epoch) for epoch in range(len(records) + 1, until + 1)]
    log = EpochLog(made, lines_of(records[:-1]))
    labels = {split: store.read_outputs(young, split).labels for split in store.EVALUATED_SPLITS}
    unsure = {split: cross_entropy(np.zeros((len(of), 10)), of) for split, of in labels.items()}
    write_outputs(made, until, unsure)
    values = checkpoints.load(young.checkpoints, checkpoints.entries_of(young.checkpoints)[-1])
    checkpoints.save(made.checkpoints, values, records[-1], log.append(records[-1]), until, 1)
    return made


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
    note = f"the Run page, after one new epoch: {few} with {FEW} epochs, {many} with {EPOCHS:,}"
    return Figure(
        f"live tick with {EPOCHS:,} epochs over one with {FEW}", many.median / few.median, 1.5, "times", note=note
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
