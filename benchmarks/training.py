"""Ten epochs on a folder of photos at 224 pixels, EfficientNet-Lite0 frozen: the plain Keras pipeline over ours, caches cold and warm.

Ours is a whole run as the lab does it, from the listing of the folder to the last epoch, with clean and validation curves and a checkpoint
after every epoch. Plain Keras trains a few epochs after a warm-up, and is scaled to ten.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Conditions, Figure
from benchmarks.photos import Photos
from benchmarks.plain import Head, Plain
from benchmarks.timing import Times, taken
from tl_core import store
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.engine.training.lifecycle import train
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState, unwatched

SIZE, EPOCHS = 224, 10
DROPOUT, RATE = 0.2, 1e-3
COLD, PLAIN, WARM = 3, 2, 5
"""How often each is measured."""


def measure(conditions: Conditions) -> Iterator[Figure]:
    photos = conditions.photos
    run_ours(spec_of(photos, 64, 1), conditions.models)  # Imports, and what TensorFlow and OpenVINO do once.
    plain, built = _built(photos)
    plain.warm_up()
    cold, epochs = _cold_and_plain(photos, plain)
    warm = _warm(photos, conditions.models)
    scaled = built + EPOCHS * epochs.median
    said = f"plain Keras {scaled:.0f} s = {built:.1f} s + {EPOCHS} x {epochs.median:.1f} s ({PLAIN} epochs measured after a warm-up, scaled)"
    name = f"{EPOCHS} epochs at {SIZE} pixels, Lite0 frozen: plain Keras over ours,"
    yield Figure(
        f"{name} caches cold", scaled / _epochs(cold).median, 15, "times", True, f"ours {_epochs(cold)}; {said}"
    )
    yield Figure(f"{name} warm", scaled / _epochs(warm).median, 200, "times", True, f"ours {_epochs(warm)}; {said}")
    ready = _warm(photos, conditions.models, NetworkPool())
    note = f"ours {_epochs(ready)}: the network was kept from the run before, as a worker does"
    yield Figure(
        "  the same, warm, in a worker that is ready", scaled / _epochs(ready).median, None, "times", True, note
    )
    note = f"ours {_whole(warm)}: with the exported network and the report of the run, which plain Keras does not make"
    yield Figure("  the same, warm, to the end of the run", scaled / _whole(warm).median, None, "times", True, note)


@dataclass(frozen=True)
class Ours:
    """A run of ours.

    Attributes:
        epochs: Seconds from its beginning to the end of its last epoch.
        whole: Seconds to its end: with export and report.
        state: What it ended with.
    """

    epochs: float
    whole: float
    state: RunState
    records: store.Epochs


def spec_of(photos: Photos, size: int = SIZE, epochs: int = EPOCHS, **changes: Any) -> ExperimentSpec:
    """The experiment that the plain pipeline trains."""
    values = {
        "data.source": f"folder:{photos.folder}",
        "data.image_size": size,
        "data.test_share": 0.0,
        "head.dropout": DROPOUT,
        "head.l2": 0.0,
        "train.epochs": epochs,
        "train.learning_rate": RATE,
    }
    return PRESETS["feature-extraction"].spec({**values, **changes})


def run_ours(spec: ExperimentSpec, models: Path, pool: NetworkPool | None = None) -> Ours:
    """Trains a run to its end."""
    ends: list[float] = []
    started = time.perf_counter()
    run = store.create(models, spec)
    state = train(run, models, unwatched, lambda _: ends.append(time.perf_counter()), pool=pool)
    return Ours(ends[-1] - started, time.perf_counter() - started, state, store.read_epochs(run))


def _built(photos: Photos) -> tuple[Plain, float]:
    made: list[Plain] = []
    seconds = taken(lambda: made.append(Plain(photos, SIZE, Head((), DROPOUT, RATE))))
    return made[0], seconds


def _cold_and_plain(photos: Photos, plain: Plain) -> tuple[list[Ours], Times]:
    """Both in turn."""
    cold: list[Ours] = []
    epochs: list[float] = []
    for number in range(COLD):
        with tempfile.TemporaryDirectory() as models:
            cold.append(run_ours(spec_of(photos), Path(models)))
        if number < PLAIN:
            epochs.append(taken(plain.epoch))
    return cold, Times(tuple(epochs))


def _warm(photos: Photos, models: Path, pool: NetworkPool | None = None) -> list[Ours]:
    """One run more than is measured: it fills the caches, and the pool."""
    return [run_ours(spec_of(photos), models, pool) for _ in range(WARM + 1)][1:]


def _epochs(runs: list[Ours]) -> Times:
    return Times(tuple(run.epochs for run in runs))


def _whole(runs: list[Ours]) -> Times:
    return Times(tuple(run.whole for run in runs))
