"""The parameter groups of a phase, by learning rate, each with its own optimiser; and the EMA of weights.

A phase starts with new optimisers, also for weights that were trained before: with other weights training at other rates, old moments
would mislead (Adam's bias correction starts anew with them). Live changes within a phase keep the optimisers. The EMA, if enabled, is what
metrics, checkpoints and export use (Polyak & Juditsky 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tl_core.engine import proximal
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import is_head
from tl_core.engine.networks.head import l1_penalties
from tl_core.engine.step import ParamGroup
from tl_core.experiment.phases import Phase
from tl_core.experiment.spec import OptimizerSpec

_OPTIMIZERS: dict[str, Callable[[Any, OptimizerSpec], keras.optimizers.Optimizer]] = {
    "adam": lambda rate, spec: keras.optimizers.Adam(rate, weight_decay=spec.weight_decay or None),
    "adamw": lambda rate, spec: keras.optimizers.AdamW(rate, weight_decay=spec.weight_decay),
    "sgd": lambda rate, spec: keras.optimizers.SGD(
        rate, momentum=spec.momentum, nesterov=spec.nesterov, weight_decay=spec.weight_decay or None
    ),
    "rmsprop": lambda rate, spec: keras.optimizers.RMSprop(rate, weight_decay=spec.weight_decay or None),
}
"""Kingma & Ba 2015 (adam); Loshchilov & Hutter 2019 (adamw, and decoupled weight decay for all); Sutskever et al. 2013 (momentum)."""


def groups_of(tail: keras.Model, phase: Phase) -> list[ParamGroup]:
    """The head, then the thawed blocks: one group, or one per block from the top down if rates decay with depth.

    A block's rate is the backbone's times the decay per thawed block above it (Howard & Ruder 2018, "discriminative fine-tuning").
    """
    optimizer = phase.spec.optimizer
    groups = [_group("head", _weights(layer for layer in tail.layers if is_head(layer)), phase.head_rate, optimizer)]
    if l1_penalties(groups[0].variables, phase.spec.head):
        proximal.prepare(groups[0].optimizer)
    if phase.backbone_rate is None:
        return groups
    decay = phase.spec.train.layer_decay
    if decay == 1:
        thawed = _weights(layer for layer in tail.layers if not is_head(layer))
        return [*groups, _group("backbone", thawed, phase.backbone_rate, optimizer)]
    for depth, (block, layers) in enumerate(reversed(thawed_blocks(tail, phase))):
        if weights := _weights(layers):  # A block with only frozen normalisation has none.
            groups.append(_group(f"backbone/{block}", weights, phase.backbone_rate * decay**depth, optimizer))
    return groups


def thawed_blocks(tail: keras.Model, phase: Phase) -> list[tuple[str, list[keras.layers.Layer]]]:
    """The layers of each thawed block, from the input upwards.

    Everything passes through the last layer of a block, and Keras lists layers by depth: layers listed before it are below it.
    """
    thawed = phase.thawed
    ends = {cut.layer: cut.name for cut in phase.experiment.backbone.cuts}
    found: list[tuple[str, list[keras.layers.Layer]]] = []
    below: list[keras.layers.Layer] = []
    for layer in tail.layers:
        below.append(layer)
        if ends.get(layer.name) in thawed:
            found.append((ends[layer.name], below))
            below = []
    return found


def kernels_of(variables: Sequence[Any]) -> list[Any]:
    """The kernels, which multiply inputs: neither biases nor scales and offsets of normalisation."""
    return [variable for variable in variables if variable.name.endswith("kernel")]


def _weights(layers: Iterator[keras.layers.Layer] | list[keras.layers.Layer]) -> list[Any]:
    return [variable for layer in layers for variable in layer.trainable_variables]


def _group(name: str, variables: list[Any], rate: float, spec: OptimizerSpec) -> ParamGroup:
    return ParamGroup(name, optimizer_of(variables, rate, spec), variables, rate)


def optimizer_of(
    variables: list[Any], rate: float | Callable[[], Any], spec: OptimizerSpec
) -> keras.optimizers.Optimizer:
    """An optimiser for variables. rate: a learning rate, or a function that gives the one of the step it is called in."""
    optimizer = _OPTIMIZERS[spec.name](rate, spec)
    if spec.weight_decay:
        kernels = {id(variable) for variable in kernels_of(variables)}
        optimizer.exclude_from_weight_decay([variable for variable in variables if id(variable) not in kernels])
    optimizer.build(variables)
    return optimizer


def averages_of(tail: keras.Model) -> list[tuple[Any, Any]]:
    """Pairs of every trained variable and its average, initialised with the variable.

    Updated batch normalisation statistics are averaged too: those of the latest weights do not fit averaged ones. Every phase starts new
    averages.
    """
    moving = [variable for layer in tail.layers if layer.trainable for variable in layer.weights]
    return pairs_with_averages([variable for variable in moving if "seed_generator" not in variable.path])


def pairs_with_averages(variables: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Pairs of each variable and a new average, which begins where the variable is."""
    return [(variable, _average(variable)) for variable in variables]


def _average(variable: Any) -> Any:
    return keras.Variable(
        np.asarray(variable).copy(), trainable=False, dtype=variable.dtype, name=f"{variable.name}_average"
    )


@contextmanager
def in_place_of_weights(averages: Sequence[tuple[Any, Any]]) -> Iterator[None]:
    """A context in which the network uses its averages; the weights are restored exactly."""
    weights = [np.asarray(variable).copy() for variable, _ in averages]
    try:
        for variable, average in averages:
            variable.assign(average)
        yield
    finally:
        for (variable, _), weight in zip(averages, weights, strict=True):
            variable.assign(weight)
