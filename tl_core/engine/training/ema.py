"""The moving average of weights: what a run measures, keeps and exports where one is asked for (Polyak & Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tl_core.engine.backend import keras


def averages_of(tail: keras.Model) -> list[tuple[Any, Any]]:
    """Pairs of every variable that training moves and its average, which begins where the variable is.

    Statistics of batch normalisation that are learned are averaged as well: those of the latest weights do not fit averaged ones. What is
    frozen is left alone. A phase begins with new averages.
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
    """Has the network compute with its averages; afterwards the weights are what they were, to the bit."""
    weights = [np.asarray(variable).copy() for variable, _ in averages]
    try:
        for variable, average in averages:
            variable.assign(average)
        yield
    finally:
        for (variable, _), weight in zip(averages, weights, strict=True):
            variable.assign(weight)
