"""How fast a network is on this machine: images per second frozen, and while everything trains.

Weights are random, since speed does not depend on them; nothing is downloaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import numpy as np

from tl_core.backbones import BACKBONES, facts
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import compiled
from tl_core.engine.networks import head
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.step import training_steps
from tl_core.engine.training.epochs import step_config
from tl_core.engine.training.optimizers import groups_of
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.store.speeds import Speed

SECONDS = 2.0
"""What is timed takes at least so long."""

FROZEN_BATCH = 32
"""Images per call of the frozen network, which passes them on a few at a time."""

MACS_PER_STEP = 60e9
"""Multiply-adds of a training step's forward pass: few enough for memory and patience, many enough to keep all cores busy."""

MOST_PER_STEP = 32

CLASSES = 10


def measure_speed(name: str, image_size: int | None = None, progress: ProgressCallback = unwatched) -> Speed:
    """Measures one backbone.

    Args:
        image_size: Pixels a side; None: the size its weights were trained at.
        progress: Called before each part; an exception ends the measurement and propagates.

    Raises:
        BadInput: an unknown backbone, or a size below its minimum.
    """
    row = BACKBONES[name]
    size = image_size or row.native_size
    changes = {"backbone.name": name, "backbone.weights": "random", "data.image_size": size}
    experiment = resolve(PRESETS["fine-tune-all"].spec(changes))
    progress(Activity(Stage.BUILDING), 0, 3)
    network = assemble(experiment, CLASSES)
    progress(Activity(Stage.MEASURING), 1, 3)
    frozen = _frozen(network, size)
    progress(Activity(Stage.MEASURING), 2, 3)
    thawed = _thawed(network, experiment, size)
    return Speed(size, _figures(frozen), _figures(thawed), date.today().isoformat())


def _frozen(network: keras.Model, size: int) -> float:
    prefix = compiled(keras.Model(network.inputs[0], network.get_layer(head.POOLING).output))
    images = _images(FROZEN_BATCH, size)
    return _rate(lambda: list(prefix([images])), len(images))


def _thawed(network: keras.Model, experiment: Experiment, size: int) -> float:
    macs = facts(experiment.backbone.name).macs_at(size)
    images = _images(int(np.clip(MACS_PER_STEP / macs, 2, MOST_PER_STEP)), size).astype(np.float32)
    labels = np.arange(len(images), dtype=np.int64) % CLASSES
    phase, tail = experiment.phases[-1], divide(network, experiment, None).tail
    groups = groups_of(tail, phase)
    step = training_steps(tail, groups, step_config(tail, groups, [], labels, phase)).one
    return _rate(lambda: step(images, labels), len(images))


def _rate(compute: Callable[[], object], images: int) -> float:
    """Images per second, once a first call has compiled what there is to compile."""
    compute()
    begun, calls = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < SECONDS or not calls:
        compute()
        calls += 1
    return calls * images / passed


def _images(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def _figures(rate: float) -> float:
    """Three figures are more than is repeatable."""
    return float(f"{rate:.3g}")
