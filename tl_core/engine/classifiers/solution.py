"""What a classifier is solved on, and what it is solved to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tl_core.experiment.spec import HeadSpec

Layer = tuple[np.ndarray, np.ndarray]
"""Kernel (inputs, units) and bias (units,) of a dense layer."""


def unwatched() -> None:
    """A `Task.watch` that does nothing."""


@dataclass(frozen=True)
class Task:
    """What a classifier is solved on.

    Attributes:
        features: float64, shape (images, channels).
        labels: int64 0..classes-1, shape (images,); every class has an image.
        head: Settings; a classifier reads those that its row says it uses.
        seed: Of random numbers.
        watch: Called often during a long solution; what it raises ends it.
    """

    features: np.ndarray
    labels: np.ndarray
    head: HeadSpec
    seed: int = 0
    watch: Callable[[], None] = unwatched

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Solution:
    """A solved classifier: its outputs on features are logits, or margins.

    Attributes:
        output: The classifier: float64 kernel (inputs, classes) and bias (classes,).
        projection: A fixed layer with ReLU below it; None if the classifier reads the features.
        selected: What the training images selected, by name, such as {"l2": 0.1, "temperature": 0.2}.
    """

    output: Layer
    projection: Layer | None = None
    selected: Mapping[str, float] = field(default_factory=dict)

    def outputs(self, features: np.ndarray) -> np.ndarray:
        """Logits or margins of features (images, channels): float64, shape (images, classes)."""
        if self.projection is not None:
            features = rectified(features, self.projection)
        return features @ self.output[0] + self.output[1]

    def at_temperature(self, temperature: float) -> Solution:
        """With logits divided by a temperature."""
        kernel, bias = self.output
        selected = {**self.selected, "temperature": temperature}
        return replace(self, output=(kernel / temperature, bias / temperature), selected=selected)


Fit = Callable[[Task], Solution]
"""Every module of a classifier has one named `fit`."""


def rectified(features: np.ndarray, layer: Layer) -> np.ndarray:
    """The outputs of a dense layer with ReLU."""
    return np.maximum(features @ layer[0] + layer[1], 0)
