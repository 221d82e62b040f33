"""What a phase learns from and is measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import used_cuts
from tl_core.backbones.weights import weights_identity
from tl_core.cache import Progress
from tl_core.data.prepare import Prepared
from tl_core.engine.backend import device_name, keras
from tl_core.engine.inputs.features import features
from tl_core.engine.inputs.prefix import compiled, in_keras
from tl_core.engine.inputs.streams import Inputs, from_features, from_images
from tl_core.engine.networks.assembly import Parts
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import Material, Part
from tl_core.phases import Phase, trains_from_features, validates_from_features
from tl_core.spec import ExperimentSpec
from tl_core.store import Run

CLEAN_IMAGES = 1000
"""How many training images the clean training curve is measured on, at most; the same ones each epoch."""

InputsOf = Callable[[np.ndarray], Inputs]
"""From rows of the pixels to the inputs they give."""


OnEpoch = Callable[[dict[str, Any]], None]
"""Called with the line of every epoch once it is safe on the disk."""


def ignore(line: dict[str, Any]) -> None:
    """An `OnEpoch` that does nothing."""


@dataclass(frozen=True)
class Work:
    """What the steps of a run share."""

    run: Run
    spec: ExperimentSpec
    data: Prepared
    model: keras.Model
    cache: Path
    progress: Progress
    on_epoch: OnEpoch

    @property
    def classes(self) -> tuple[str, ...]:
        return self.data.dataset.class_names


def material(work: Work, phase: Phase, parts: Parts) -> Material:
    split, labels = work.data.split, work.data.dataset.labels
    clean = _clean_positions(len(split.train), work.spec.train.seed)
    still = still_inputs(work, phase, parts)
    moving = still if trains_from_features(work.spec, phase) else _moving_inputs(work, parts)
    return Material(
        train=Part(moving(split.train), split.train_labels),
        clean=Part(still(split.train[clean]), split.train_labels[clean]),
        validation=Part(still(split.validation), labels[split.validation]),
    )


def _clean_positions(images: int, seed: int) -> np.ndarray:
    chosen = generator_of("clean", seed).permutation(images)[:CLEAN_IMAGES]
    return np.sort(chosen)


def still_inputs(work: Work, phase: Phase, parts: Parts) -> InputsOf:
    """From rows to inputs that are never augmented: stored features where they may be, else computed each time."""
    images = work.data.pixels.images
    if parts.prefix is None:
        return lambda rows: from_images(images, rows, None)
    if validates_from_features(work.spec, phase):
        stored = stored_features(work.spec, work.data, parts, work.cache, work.progress)
        return lambda rows: from_features(stored, rows)
    prefix = in_keras(parts.prefix)
    return lambda rows: from_images(images, rows, prefix)


def _moving_inputs(work: Work, parts: Parts) -> InputsOf:
    """From rows to inputs that go through augmentation and the frozen part in every epoch."""
    prefix = None
    if parts.prefix is not None:
        prefix = in_keras(parts.prefix) if work.spec.train.feature_cache == "off" else compiled(parts.prefix)
    spec, images = work.spec, work.data.pixels.images
    keys = [item.key for item in work.data.dataset.items]

    def inputs(rows: np.ndarray) -> Inputs:
        return from_images(images, rows, prefix, spec.augment, spec.train.seed, keys)

    return inputs


def stored_features(spec: ExperimentSpec, data: Prepared, parts: Parts, cache: Path, progress: Progress) -> np.ndarray:
    """What the frozen part of a network says of every image, from the cache or computed now; see `inputs.features`."""
    backbone = BACKBONES[spec.backbone.name]
    identity = (
        weights_identity(backbone, spec.backbone.weights, spec.train.seed),
        used_cuts(backbone, spec.backbone.output)[-1] if parts.boundary == "features" else parts.boundary,
        spec.head.pooling if parts.boundary == "features" else "",
        device_name(),
    )
    assert parts.prefix is not None
    return features(parts.prefix, data.pixels, identity, cache, progress)
