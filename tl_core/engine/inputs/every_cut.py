"""Pooled features of every block of a network for every image, from one pass; from one more of their mirror images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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


def pooled(network: keras.Model, pooling: Literal["avg", "max"]) -> keras.Model:
    """From pixels to the pooled outputs of all cuts, one after another: float32, shape (batch, channels of all cuts)."""
    maps = [networks.cut_output(network, cut) for cut in networks.backbone_of(network).cut_names]
    return keras.Model(network.inputs[0], head.joined(maps, pooling))


def at_every_cut(
    experiment: Experiment, pixels: Pixels, cache: Path, progress: ProgressCallback
) -> Mapping[str, np.ndarray]:
    """The pooled output of every cut for every image, by the cut's name: float32, shape (images, channels), memory-mapped.

    With `backbone.mirror` the mean of an image's and its mirror image's. The network is built and run only if the features are not cached; those
    of the images and those of the mirror images are cached each, so that one more pass adds the mirror images.

    Raises:
        BadInput, RunFailed: the weights are not available, or the disk is full.
        RunStopped: `progress` raised it.
    """
    mirror, channels = (
        experiment.spec.backbone.mirror,
        [block.channels for block in facts(experiment.backbone.name).blocks],
    )
    experiment = experiment.with_values({"backbone.mirror": False})
    shape, key = (len(pixels.images), sum(channels)), (pixels.key, *identity_of(experiment, progress), device_name())

    def features(which: np.ndarray, *more: str) -> np.ndarray:
        return stored(_passing(experiment, which, progress), shape, (*key, *more), cache, progress)

    def averaged(start: int) -> Iterator[np.ndarray]:
        both = features(pixels.images), features(pixels.images[:, :, ::-1], "of mirror images")
        return ((both[0][some] + both[1][some]) / 2 for some in portions(shape[0], start))

    # Without passes where the mean is stored, whether the features that it was made of still are or not.
    found = stored(averaged, shape, (*key, "mirror"), cache, progress) if mirror else features(pixels.images)
    return dict(zip(experiment.backbone.cut_names, np.split(found, np.cumsum(channels)[:-1], axis=1), strict=True))


def joined(
    experiment: Experiment, pixels: Pixels, cache: Path, progress: ProgressCallback
) -> Callable[[int], Iterator[np.ndarray]]:
    """The pooled outputs of the blocks that feed the head side by side, in batches from a given image on: read from those of every cut.

    So heads on other blocks, and with or without mirror images, share their passes over the images, with each other and with a depth probe.
    """

    def outputs(start: int) -> Iterator[np.ndarray]:
        found = at_every_cut(experiment, pixels, cache, progress)
        blocks = [found[name] for name in experiment.outputs]
        return (
            np.concatenate([block[some] for block in blocks], axis=1) for some in portions(len(pixels.images), start)
        )

    return outputs


def _passing(
    experiment: Experiment, images: np.ndarray, progress: ProgressCallback
) -> Callable[[int], Iterator[np.ndarray]]:
    """Images passed through the network, in batches from a given one on."""

    def outputs(start: int) -> Iterator[np.ndarray]:
        progress(Activity(Stage.BUILDING), 0, 1)
        prefix = compiled(pooled(pretrained(experiment), experiment.spec.head.pooling))
        return prefix(images[some] for some in portions(len(images), start))

    return outputs


def identity_of(experiment: Experiment, progress: ProgressCallback) -> tuple[str, ...]:
    """Everything besides the pixels that the features depend on: weights, cuts, pooling, averaging with mirror images.

    Downloads weights first if necessary: some are identified by content.
    """
    if experiment.weights.kind == "imagenet":
        obtain(experiment.backbone, partial(progress, Activity(Stage.DOWNLOADING)))
    cuts = (cut.layer for cut in experiment.backbone.cuts)
    mirror = ("mirror",) if experiment.spec.backbone.mirror else ()
    return "every cut", experiment.weights_identity, *cuts, experiment.spec.head.pooling, *mirror
