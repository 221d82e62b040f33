"""Assembles the network of an experiment and cuts it into frozen prefix and tail.

The network is flat: the backbone's own layers, then the head's, in one graph. The frozen prefix is a model of its
own, called with training=False: in one graph an outer `training=True` would reach frozen layers, which would then apply
dropout and update batch statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tl_core.backbones.download import Report
from tl_core.backbones.weights import problems
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import head, weights
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage, unwatched


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


def assemble(
    experiment: Experiment, classes: int, progress: ProgressCallback = unwatched, network: keras.Model | None = None
) -> keras.Model:
    """The network of an experiment with its initial weights: float32 RGB pixels 0..255, shape (batch, size, size, 3), to logits.

    Args:
        network: Its pretrained network; built if None.

    Raises:
        BadInput, RunFailed: the weights are not available.
    """
    progress(Activity(Stage.BUILDING), 0, 1)
    received = partial(progress, Activity(Stage.DOWNLOADING))
    return with_head(network or pretrained(experiment, received), experiment, classes)


def pretrained(experiment: Experiment, report: Report | None = None) -> keras.Model:
    """The backbone of an experiment with its pretrained weights, from pixels to the last feature map.

    With `backbone.mirror` to the feature maps of each image and its mirror image: twice the batch.

    Args:
        report: See `weights.load`, also for what is raised.
    """
    spec = experiment.spec
    if found := problems(experiment.backbone, spec.backbone.weights):
        raise BadInput(found)  # Before layers are built, which a file may have to say.
    network = _untrained(experiment)
    weights.load(network, experiment.backbone, spec.backbone.weights, spec.train.seed, report)
    return network


def _untrained(experiment: Experiment) -> keras.Model:
    return networks.build(experiment.backbone, experiment.image_size, experiment.spec.backbone.mirror)


def with_head(network: keras.Model, experiment: Experiment, classes: int) -> keras.Model:
    """A pretrained network up to the output block, with a new head, in one graph.

    Layers are shared with `network`, except with `backbone.keep`: then it is a copy, so that `network` stays pretrained.
    """
    spec = experiment.spec
    if experiment.kept:
        network = _random_above(network, experiment.kept, experiment)
    outputs = [networks.cut_output(network, cut) for cut in experiment.outputs]
    logits = head.attach(outputs, spec.head, classes, spec.train.seed, spec.backbone.mirror)
    # The name tells networks.cut_output which row the cuts are from.
    return keras.Model(network.inputs[0], logits, name=experiment.backbone.name)


def _random_above(network: keras.Model, cut: str, experiment: Experiment) -> keras.Model:
    """A copy of a network with random weights above a cut, seeded by the seed and each layer's name."""
    copy = _untrained(experiment)
    copy.set_weights(network.get_weights())
    weights.randomise(networks.split(copy, cut)[1], experiment.spec.train.seed)
    return copy


def divide(model: keras.Model, experiment: Experiment, frozen: str | None) -> Parts:
    """Cuts a network above its last frozen block (None: nothing is frozen), and sets which layers train."""
    pixels, logits = model.inputs[0], model.outputs[0]
    if frozen is None:
        parts = Parts(None, model, "pixels")
    elif frozen == experiment.top:
        parts = _at(pixels, model.get_layer(head.POOLING).output, logits, "features")
    else:
        parts = _at(pixels, networks.cut_output(model, frozen), logits, frozen)
    _set_trainable(model, parts.tail, experiment)
    return parts


def is_head(layer: keras.layers.Layer) -> bool:
    """True for layers of the head, which have the head's learning rate."""
    return layer.name == head.CLASSIFIER or layer.name.startswith("head_")


def is_norm(layer: keras.layers.Layer) -> bool:
    """True for batch normalisation."""
    return isinstance(layer, keras.layers.BatchNormalization)


def _at(pixels: Any, boundary: Any, logits: Any, name: str) -> Parts:
    return Parts(keras.Model(pixels, boundary), keras.Model(boundary, logits), name)


def starting_random(layers: Sequence[keras.layers.Layer], experiment: Experiment) -> list[keras.layers.Layer]:
    """Those layers of a network, or of a tail, that start from random weights: of random blocks, and of the head."""
    if not experiment.random_blocks:
        return [layer for layer in layers if is_head(layer)]
    if experiment.kept is None:
        return list(layers)
    end = next(cut.layer for cut in experiment.backbone.cuts if cut.name == experiment.kept)
    names = [layer.name for layer in layers]
    # Keras lists layers by depth, and everything passes through the last layer of a block. A tail may begin above it.
    return list(layers[names.index(end) + 1 if end in names else 0 :])


def _set_trainable(model: keras.Model, tail: keras.Model, experiment: Experiment) -> None:
    above, random = (
        {id(layer) for layer in layers} for layers in (tail.layers, starting_random(model.layers, experiment))
    )
    for layer in model.layers:
        kept = is_norm(layer) and id(layer) not in random
        fixed = kept and not experiment.spec.train.update_batch_norm
        layer.trainable = id(layer) in above and not fixed
