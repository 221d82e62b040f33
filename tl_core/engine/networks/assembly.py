"""Assembles the network of an experiment and cuts it into frozen prefix and tail.

The network is flat: the backbone's own layers, then the head's, in one graph. The frozen prefix is a model of its
own, called with training=False: in one graph an outer `training=True` would reach frozen layers, which would then apply
dropout and update batch statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import last_kept, used_cuts
from tl_core.cache.arrays import Progress, unwatched
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import head, network_pool, weights
from tl_core.experiment.spec import ExperimentSpec


@dataclass(frozen=True)
class Parts:
    """A network cut in two; the layers are shared with the whole.

    Attributes:
        prefix: From pixels to the cut; None if everything trains.
        tail: From the cut to the logits.
        boundary: The cut: a block's name, "features" (everything frozen, pooled), or "pixels".
    """

    prefix: keras.Model | None
    tail: keras.Model
    boundary: str


def assemble(spec: ExperimentSpec, classes: int, progress: Progress = unwatched) -> keras.Model:
    """The network of a spec with its initial weights: float32 RGB pixels 0..255, shape (batch, size, size, 3), to logits.

    Raises:
        BadInput, RunFailed: the weights are not available.
    """
    progress("Building the network", 0, 1)
    backbone = BACKBONES[spec.backbone.name]
    received = partial(progress, "Downloading weights")
    network = network_pool.pretrained(backbone, spec.image_size, spec.backbone.weights, spec.train.seed, received)
    return with_head(network, spec, classes)


def with_head(network: keras.Model, spec: ExperimentSpec, classes: int) -> keras.Model:
    """A pretrained network up to the output block, with a new head, in one graph.

    Layers are shared with `network`, except with `backbone.keep`: then it is a copy, so that `network` stays pretrained.
    """
    backbone = BACKBONES[spec.backbone.name]
    if kept := last_kept(backbone, spec.backbone.keep, spec.backbone.output):
        network = _random_above(network, kept, spec)
    features = networks.cut_output(network, used_cuts(backbone, spec.backbone.output)[-1])
    logits = head.attach(features, spec.head, classes, spec.train.seed)
    # The name tells networks.cut_output which row the cuts are from.
    return keras.Model(network.inputs[0], logits, name=backbone.name)


def _random_above(network: keras.Model, cut: str, spec: ExperimentSpec) -> keras.Model:
    """A copy of a network with random weights above a cut, seeded by the seed and each layer's name."""
    copy = networks.build(BACKBONES[spec.backbone.name], spec.image_size)
    copy.set_weights(network.get_weights())
    weights.randomise(networks.split(copy, cut)[1], spec.train.seed)
    return copy


def divide(model: keras.Model, spec: ExperimentSpec, frozen: str | None) -> Parts:
    """Cuts a network above its last frozen block (None: nothing is frozen), and sets which layers train."""
    backbone = BACKBONES[spec.backbone.name]
    pixels, logits = model.inputs[0], model.outputs[0]
    if frozen is None:
        parts = Parts(None, model, "pixels")
    elif frozen == used_cuts(backbone, spec.backbone.output)[-1]:
        parts = _at(pixels, model.get_layer(head.POOLING).output, logits, "features")
    else:
        parts = _at(pixels, networks.cut_output(model, frozen), logits, frozen)
    _set_trainable(model, parts.tail, spec.train.update_batch_norm)
    return parts


def is_head(layer: keras.layers.Layer) -> bool:
    """True for layers of the head, which have the head's learning rate."""
    return layer.name == head.CLASSIFIER or layer.name.startswith("head_")


def _at(pixels: Any, boundary: Any, logits: Any, name: str) -> Parts:
    return Parts(keras.Model(pixels, boundary), keras.Model(boundary, logits), name)


def _set_trainable(model: keras.Model, tail: keras.Model, update_batch_norm: bool) -> None:
    above = {id(layer) for layer in tail.layers}
    for layer in model.layers:
        fixed = isinstance(layer, keras.layers.BatchNormalization) and not update_batch_norm and not is_head(layer)
        layer.trainable = id(layer) in above and not fixed
