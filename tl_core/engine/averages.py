"""Moving averages within a training step: of weights, and of the batch statistics of layers that start from random weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tl_core.engine.backend import tf

MOMENTUM = 0.9
"""The highest momentum of batch statistics that start from nothing. Keras's 0.99 still has half of its initial values after 70 steps,
which is several epochs here, and statistics of deep layers fit only once those below them do."""


def move_averages(averages: Sequence[tuple[Any, Any]], share: Any, iterations: Any) -> None:
    """Moves averages towards their variables; `share` and `averages` are `ema` and `averages` of a `step.StepConfig`."""
    if averages:
        moved = 1 - rising(share, iterations)
        for variable, average in averages:
            average.value.assign_add(moved * (variable.value - average.value))


def statistics_momentum(iterations: Any) -> Any:
    """The momentum of batch statistics that start from nothing: they fit after the first steps, and are as smooth as 0.9 makes them later.

    Args:
        iterations: The optimiser's steps before this one, within its phase.
    """
    return rising(MOMENTUM, iterations)


def rising(limit: Any, iterations: Any) -> Any:
    """A decay that rises with the steps to a limit, as of TensorFlow's ExponentialMovingAverage with `num_updates`."""
    steps = tf.cast(iterations.value, tf.float32)
    return tf.minimum(limit, (1 + steps) / (10 + steps))


@contextmanager
def settling(norms: Sequence[Any], iterations: Any) -> Iterator[None]:
    """A context in which batch statistics are traced with `statistics_momentum`; this affects the graph, not the layers."""
    own = [layer.momentum for layer in norms]
    try:
        for layer in norms:
            layer.momentum = statistics_momentum(iterations)
        yield
    finally:
        for layer, momentum in zip(norms, own, strict=True):
            layer.momentum = momentum
