"""Pooled features of every block of a network for every image, from one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from tl_core.backbones import facts
from tl_core.backbones.download import obtain
from tl_core.data.pixels import Pixels
from tl_core.engine.backend import device_name, keras
from tl_core.engine.inputs.features import portions, stored
from tl_core.engine.inputs.prefix import compiled
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import head
from tl_core.engine.networks.assembly import pretrained
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage


def pooled(network: keras.Model, pooling: Literal["avg", "max"], mirror: bool = False) -> keras.Model:
    """From pixels to the pooled outputs of all cuts, one after another: float32, shape (batch, channels of all cuts).

    Args:
        mirror: As `backbone.mirror`, with which the network was built.
    """
    maps = [networks.cut_output(network, cut) for cut in networks.backbone_of(network).cut_names]
    return keras.Model(network.inputs[0], head.joined(maps, pooling, mirror))


def at_every_cut(
    experiment: Experiment, pixels: Pixels, cache: Path, progress: ProgressCallback
) -> Mapping[str, np.ndarray]:
    """The pooled output of every cut for every image, by the cut's name: float32, shape (images, channels), memory-mapped.

    The network is built and run only if the features are not cached.

    Raises:
        BadInput, RunFailed: the weights are not available, or the disk is full.
        RunStopped: `progress` raised it.
    """
    backbone = experiment.backbone
    identity = (pixels.key, *identity_of(experiment, progress), device_name())
    images, channels = len(pixels.images), [block.channels for block in facts(backbone.name).blocks]

    def outputs(start: int) -> Iterator[np.ndarray]:
        progress(Activity(Stage.BUILDING), 0, 1)
        network = pretrained(experiment)
        spec = experiment.spec
        prefix = compiled(pooled(network, spec.head.pooling, spec.backbone.mirror))
        return prefix(pixels.images[some] for some in portions(images, start))

    features = stored(outputs, (images, sum(channels)), identity, cache, progress)
    return dict(zip(backbone.cut_names, np.split(features, np.cumsum(channels)[:-1], axis=1), strict=True))


def identity_of(experiment: Experiment, progress: ProgressCallback) -> tuple[str, ...]:
    """Everything besides the pixels that the features depend on: weights, cuts, pooling, averaging with mirror images.

    Downloads weights first if necessary: some are identified by content.
    """
    if experiment.weights.kind == "imagenet":
        obtain(experiment.backbone, partial(progress, Activity(Stage.DOWNLOADING)))
    cuts = (cut.layer for cut in experiment.backbone.cuts)
    mirror = ("mirror",) if experiment.spec.backbone.mirror else ()
    return "every cut", experiment.weights_identity, *cuts, experiment.spec.head.pooling, *mirror
