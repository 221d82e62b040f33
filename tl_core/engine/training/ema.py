"""EMA of weights, used for metrics, checkpoints and export if enabled (Polyak & Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tl_core.engine.backend import keras


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
