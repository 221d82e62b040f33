"""Solves the classifier of a head and assigns it to the network's last layers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.classifiers.solution import Fit, Layer, Solution, Task, unwatched
from tl_core.engine.networks.head import CLASSIFIER, PROJECTION
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import HeadSpec

_BELOW = 1e3
"""By how much the logit of a class without training images is below the mean of the others: it is never predicted."""


def fit_of(classifier: str) -> Fit:
    """The function that solves a classifier of the table; raises BadInput for an unknown one."""
    fit: Fit = import_module(f"tl_core.engine.classifiers.{SOLVED[classifier].module}").fit
    return fit


def solution(
    head: HeadSpec,
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    seed: int = 0,
    watch: Callable[[], None] = unwatched,
) -> Solution:
    """The solution of a head's classifier for all classes.

    Args:
        features: float, shape (images, channels).
        labels: int64 0..classes-1, shape (images,).
        watch: Called many times during a long solution; what it raises ends it.
    """
    present, known = np.unique(labels, return_inverse=True)
    found = fit_of(head.classifier)(Task(features.astype(np.float64), known, head, seed, watch))
    solved, offset = found.output
    # Not a constant: far from all training images, the logits of all other classes may be below any.
    kernel = np.repeat(solved.mean(axis=1, keepdims=True), classes, axis=1)
    bias = np.full(classes, offset.mean() - _BELOW)
    kernel[:, present], bias[present] = solved, offset
    return Solution((kernel, bias), found.projection, found.selected)


def assign(found: Solution, model: keras.Model) -> None:
    """Assigns a solution to the head of a network."""
    _set(model, CLASSIFIER, found.output)
    if found.projection is not None:
        _set(model, PROJECTION, found.projection)


def _set(model: keras.Model, name: str, layer: Layer) -> None:
    model.get_layer(name).set_weights([values.astype(np.float32) for values in layer])
