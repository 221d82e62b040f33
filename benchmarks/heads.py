"""64 heads for 20 epochs in one program over one head for 20 epochs, on the same made-up features.

The one head is trained both ways, as a run trains it and as a bank of one; the quicker of them counts. All sides begin with features in
memory, compile what they need within the time, and measure clean and validation curves after every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.figures import Conditions, Figure
from benchmarks.tail import CLASSES, IMAGES, SETTINGS, Data, trainer_on
from benchmarks.timing import in_turn
from tl_core.engine.bank.training import Arrays, run
from tl_core.experiment.presets import PRESETS
from tl_core.records import unwatched
from tl_core.results.head_bank import Grid, cells

EPOCHS, REPEATS = 20, 3
ONE = {"head.dropout": 0.2}
AXES = {
    "head.dropout": (0.0, 0.2, 0.5, 0.8),
    "head.l2": (0.0, 1e-4, 1e-3, 1e-2),
    "train.learning_rate": (1e-4, 3e-4, 1e-3, 3e-3),
}


def measure(_: Conditions) -> Iterator[Figure]:
    data, grid = Data.made(), Grid.of(AXES)
    spec = PRESETS["feature-extraction"].spec({**SETTINGS, "train.epochs": EPOCHS, **ONE})
    many, arrays = cells(grid, spec), arrays_of(data)
    sides: list[Callable[[], object]] = [
        lambda: run(many, arrays),
        lambda: run([spec], arrays),
        lambda: train_alone(data),
    ]
    bank, alone, single = in_turn(sides, REPEATS)
    one = min(alone.median, single.median)
    note = (
        f"{grid.size} heads {bank}; one head: as a bank of one {alone}, as a run trains it {single}; compiling included"
    )
    name = f"{grid.size} heads x {EPOCHS} epochs in one program over one head x {EPOCHS} epochs ({IMAGES} images)"
    yield Figure(name, bank.median / one, 8, "times", note=note)


def arrays_of(data: Data) -> Arrays:
    """What a bank reads."""
    train, validation = data.train, data.validation
    return Arrays(train.inputs, train.labels, validation.inputs, validation.labels, CLASSES)


def train_alone(data: Data) -> None:
    """One head for EPOCHS epochs, as a run trains it."""
    trainer = trainer_on(data, **ONE)
    for epoch in range(1, EPOCHS + 1):
        trainer.epoch(epoch, unwatched)
