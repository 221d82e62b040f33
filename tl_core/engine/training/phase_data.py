"""The data of a phase, for training and evaluation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache.arrays import NoRoom
from tl_core.data.prepare import Prepared
from tl_core.engine.backend import device_name, keras
from tl_core.engine.inputs.every_cut import joined
from tl_core.engine.inputs.features import as_stored, features, is_exact, key_of, stored
from tl_core.engine.inputs.prefix import EXACT, Arithmetic, compiled, in_keras, on_gpu
from tl_core.engine.inputs.streams import Inputs, from_features, from_images
from tl_core.engine.inputs.views import from_views, view_of
from tl_core.engine.networks.assembly import Parts
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import Part, PhaseData
from tl_core.engine.training.weights import start_identity
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import digest_of
from tl_core.metrics import TRAIN_EVAL_IMAGES
from tl_core.records import EpochRecord, ProgressCallback
from tl_core.store import OutputSplit, Run

log = logging.getLogger(__name__)

SAMPLES = 128
"""Number of training images that determine the ranges of int8."""

COMPUTED_EACH_TIME = "%s Features are not cached but recomputed in every epoch, which is slow."

InputsOf = Callable[[np.ndarray], Inputs]
"""From rows of the pixels to their inputs."""


OnEpoch = Callable[[EpochRecord], None]
"""Called with the record of every epoch once it is on disk."""


def ignore(record: EpochRecord) -> None:
    """An `OnEpoch` that does nothing."""


@dataclass(frozen=True)
class RunContext:
    """The shared context of the steps of a run."""

    run: Run
    experiment: Experiment
    data: Prepared
    model: keras.Model
    cache: Path
    progress: ProgressCallback
    on_epoch: OnEpoch

    @property
    def spec(self) -> ExperimentSpec:
        return self.experiment.spec

    @property
    def classes(self) -> tuple[str, ...]:
        return self.data.dataset.class_names


def phase_data(context: RunContext, phase: Phase, parts: Parts) -> PhaseData:
    split, labels = context.data.split, context.data.dataset.labels
    measured = train_eval_positions(len(split.train), context.spec.train.seed)
    still = still_inputs(context, phase, parts)
    return PhaseData(
        train=Part(_training_inputs(context, phase, parts, still), split.train_labels),
        train_eval=Part(still(split.train[measured]), split.train_labels[measured]),
        validation=Part(still(split.validation), labels[split.validation]),
    )


def train_eval_positions(images: int, seed: int) -> np.ndarray:
    """The positions, among a number of training images, of the fixed subset that is measured."""
    chosen = generator_of("clean", seed).permutation(images)[:TRAIN_EVAL_IMAGES]
    return np.sort(chosen)


def output_keys(context: RunContext) -> dict[OutputSplit, list[str]]:
    """The keys of the images of each split with outputs, in their order."""
    split, items = context.data.split, context.data.dataset.items
    measured = train_eval_positions(len(split.train), context.spec.train.seed)
    rows: dict[OutputSplit, np.ndarray] = {
        "val": split.validation,
        "train_eval": split.train[measured],
        "test": split.test,
    }
    return {of: [items[row].key for row in found] for of, found in rows.items()}


def still_inputs(context: RunContext, phase: Phase, parts: Parts) -> InputsOf:
    """From rows to inputs that are never augmented: cached features if allowed, otherwise computed each time."""
    images = context.data.pixels.images
    if parts.prefix is None:
        return lambda rows: from_images(images, rows, None)
    if not phase.stores_features:
        prefix = in_keras(parts.prefix)
        return lambda rows: from_images(images, rows, prefix)
    start = start_identity(context.run, context.experiment)
    try:
        stored = stored_features(phase.experiment, context.data, parts, context.cache, context.progress, start)
    except NoRoom as error:
        log.warning(COMPUTED_EACH_TIME, error)
        computed, storage = (
            compiled(parts.prefix, arithmetic_of(phase.experiment, context.data)),
            phase.spec.train.feature_storage,
        )

        def as_if_stored(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
            return (as_stored(output, storage).astype(np.float32, copy=False) for output in computed(batches))

        return lambda rows: from_images(images, rows, as_if_stored)
    return lambda rows: from_features(stored, rows)


def exported_inputs(context: RunContext, phase: Phase, parts: Parts) -> InputsOf:
    """Like `still_inputs`, but always exact, like the exported network."""
    storage = phase.spec.train.feature_storage
    if parts.prefix is None or is_exact(arithmetic_of(phase.experiment, context.data), storage):
        return still_inputs(context, phase, parts)
    prefix = compiled(parts.prefix)
    return lambda rows: from_images(context.data.pixels.images, rows, prefix)


def _training_inputs(context: RunContext, phase: Phase, parts: Parts, still: InputsOf) -> Inputs:
    """Training inputs: the same features in every epoch, stored views in turn, or images augmented anew."""
    rows, spec = context.data.split.train, phase.spec
    if not phase.trains_from_features:
        return _moving_inputs(context, phase, parts)
    if not spec.augment:
        return still(rows)
    assert parts.prefix is not None
    identity = identity_of(phase.experiment, parts, start_identity(context.run, context.experiment))
    epochs, arithmetic = range(phase.first, phase.last + 1), arithmetic_of(phase.experiment, context.data)
    pixels = context.data.pixels
    try:
        return from_views(
            parts.prefix, pixels, rows, spec, epochs, identity, context.cache, context.progress, arithmetic
        )
    except NoRoom as error:
        log.warning(COMPUTED_EACH_TIME, error)
        moving = _moving_inputs(context, phase, parts)
        return lambda batches, epoch: moving(batches, view_of(epoch, spec.train.views))


def _moving_inputs(context: RunContext, phase: Phase, parts: Parts) -> Inputs:
    """Inputs that go through augmentation and the frozen prefix in every epoch."""
    spec, prefix = phase.spec, None
    if parts.prefix is not None:
        stores = spec.train.feature_cache != "off"
        prefix = (
            compiled(parts.prefix, arithmetic_of(phase.experiment, context.data)) if stores else in_keras(parts.prefix)
        )
    keys = [item.key for item in context.data.dataset.items]
    images, rows = context.data.pixels.images, context.data.split.train
    return from_images(images, rows, prefix, spec.augment, spec.train.seed, keys)


def stored_features(
    experiment: Experiment, data: Prepared, parts: Parts, cache: Path, progress: ProgressCallback, start: str = ""
) -> np.ndarray:
    """Features of every image, from the cache or computed now; see `inputs.features`.

    Args:
        start: The `start_identity` of a fork.
    """
    assert parts.prefix is not None
    identity, arithmetic = identity_of(experiment, parts, start), arithmetic_of(experiment, data)
    if parts.boundary == "features" and experiment.joins_features:
        of_blocks = joined(experiment, data.pixels, cache, progress)
        shape = (len(data.pixels.images), experiment.feature_channels)
        return stored(of_blocks, shape, key_of(data.pixels, identity), cache, progress)
    storage = experiment.spec.train.feature_storage
    return features(parts.prefix, data.pixels, identity, cache, progress, arithmetic, storage)


def arithmetic_of(experiment: Experiment, data: Prepared) -> Arithmetic:
    """The arithmetic of the frozen prefix; the samples of int8 are training images chosen by the seed."""
    precision = experiment.spec.train.prefix_precision
    if precision == "f32" or on_gpu():
        return EXACT
    if precision == "bf16":
        return Arithmetic(precision)
    rows = np.sort(generator_of("ranges", experiment.spec.train.seed).permutation(data.split.train)[:SAMPLES])
    return Arithmetic(precision, data.pixels.images[rows], digest_of([data.dataset.items[row].key for row in rows]))


def identity_of(experiment: Experiment, parts: Parts, start: str = "") -> tuple[Any, ...]:
    """Everything besides the pixels that features depend on."""
    frozen = experiment.top if parts.boundary == "features" else parts.boundary
    return experiment.feature_identity(frozen, device_name(), start)
