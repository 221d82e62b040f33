"""64 heads for 20 epochs in one program over one head for 20 epochs, on the same made-up features.

The one head is trained both ways, as a run trains it and as a bank of one; the quicker of them counts. All sides begin with features in
memory, compile what they need within the time, and measure clean and validation curves after every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.figures import Conditions, Figure
from benchmarks.tail import CLASSES, IMAGES, SETTINGS, Data, trainer_on
from benchmarks.timing import in_turn
from tl_core.engine.bank.training import Arrays, run
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import unwatched
from tl_core.results.head_bank import Grid, cells

EPOCHS, REPEATS = 20, 3
ONE = {"head.dropout": 0.2}
AXES = {
    "head.dropout": (0.0, 0.2, 0.5, 0.8),
    "head.l2": (0.0, 1e-4, 1e-3, 1e-2),
    "train.learning_rate": (1e-4, 3e-4, 1e-3, 3e-3),
}


OPTIMIZERS = ("sgd", "rmsprop", "adamw")

EVERY_AXIS: dict[str, tuple[Any, ...]] = {
    "head.dropout": (0.0, 0.2, 0.5, 0.8),
    "head.noise": (0.0, 0.3),
    "head.l1": (0.0, 1e-5),
    "head.l2": (0.0, 1e-3),
    "head.bias_l1": (0.0, 1e-5),
    "head.bias_l2": (0.0, 1e-3),
    "head.activity_l1": (0.0, 1e-5),
    "head.activity_l2": (0.0, 1e-5),
    "train.learning_rate": (3e-4, 1e-3),
    "train.seed": (0, 1),
    "loss.label_smoothing": (0.0, 0.1),
    "optimizer.weight_decay": (0.0, 1e-2),
    "optimizer.clip_norm": (None, 1.0),
    "optimizer.ema": (0.0, 0.9),
}
"""Every setting in which heads of one stack may differ."""


def measure(_: Conditions) -> Iterator[Figure]:
    data, grid = Data.made(), Grid.of(AXES)
    spec = PRESETS["feature-extraction"].spec({**SETTINGS, "train.epochs": EPOCHS, **ONE})
    name = f"{grid.size} heads x {EPOCHS} epochs in one program over one head x {EPOCHS} epochs"
    yield _figure(f"{name} ({IMAGES} images)", data, cells(grid, spec), spec, REPEATS)
    for optimizer in OPTIMIZERS:
        other = spec.with_values({"optimizer.name": optimizer, "optimizer.weight_decay": 1e-3})
        yield _figure(f"  the same with {optimizer}", data, cells(grid, other), other, 1)
    mixed = [spec.with_values(_mixed(number)) for number in range(grid.size)]
    last = spec.with_values({path: values[-1] for path, values in EVERY_AXIS.items()})
    yield _figure("  the same with every axis", data, mixed, last, 1)


def _mixed(number: int) -> dict[str, Any]:
    """Settings of one head of many: different axes change at a different pace."""
    return {path: values[number // 2 ** (at % 6) % len(values)] for at, (path, values) in enumerate(EVERY_AXIS.items())}


def _figure(name: str, data: Data, many: Sequence[ExperimentSpec], spec: ExperimentSpec, repeats: int) -> Figure:
    """Many heads over the one of a spec."""
    arrays = arrays_of(data)
    sides: list[Callable[[], object]] = [
        lambda: run(many, arrays),
        lambda: run([spec], arrays),
        lambda: train_alone(data, spec),
    ]
    bank, alone, single = in_turn(sides, repeats)
    one = min(alone.median, single.median)
    note = f"{len(many)} heads {bank}; one: as a bank of one {alone}, as a run trains it {single}; compiling included"
    return Figure(name, bank.median / one, 6, "times", note=note)


def arrays_of(data: Data) -> Arrays:
    """What a bank reads."""
    train, validation = data.train, data.validation
    return Arrays(train.inputs, train.labels, validation.inputs, validation.labels, CLASSES)


def train_alone(data: Data, spec: ExperimentSpec) -> None:
    """One head, as a run trains it."""
    trainer = trainer_on(data, **spec.flat())
    for epoch in range(1, spec.train.epochs + 1):
        trainer.epoch(epoch, unwatched)
