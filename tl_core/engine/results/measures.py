"""From the outputs of a classifier to its predictions and the loss of each image; `tl_core.metrics` computes metrics from them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tl_core.experiment.spec import HeadSpec
from tl_core.metrics import Measured

Measure = Callable[[np.ndarray, np.ndarray], Measured]
"""From outputs of the classifier (images, units) and labels (images,) to predictions and losses."""


def cross_entropy(outputs: np.ndarray, labels: np.ndarray) -> Measured:
    """Cross-entropy of logits in nats; a single unit is the second of two classes."""
    logits = outputs.astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    losses = -log_probabilities[np.arange(len(labels)), labels]
    return Measured(np.exp(log_probabilities), losses, logits.argmax(axis=1), labels)


def squared_hinge(outputs: np.ndarray, labels: np.ndarray) -> Measured:
    """Squared hinge loss of margins, which a linear SVM minimises: max(0, 1 - margin)**2, summed over the one-vs-rest classifiers.

    Two classes have one classifier, whose margin is in both columns with opposite signs; it counts once.
    """
    margins = outputs.astype(np.float64)
    signs = np.where(np.arange(margins.shape[1]) == labels[:, None], 1.0, -1.0)
    losses = (np.maximum(0.0, 1.0 - signs * margins) ** 2).sum(axis=1)
    classifiers = 1 if margins.shape[1] == 2 else margins.shape[1]
    losses = losses * classifiers / margins.shape[1]
    return Measured(margins, losses, margins.argmax(axis=1), labels, probabilistic=False)


def loss_name(head: HeadSpec) -> str:
    """The name of the loss in a run's curves."""
    return "squared hinge" if head.classifier == "linear-svm" else "cross-entropy"


def measure_of(head: HeadSpec) -> Measure:
    """The loss function of a run's metrics: the one that its classifier minimises."""
    return squared_hinge if head.classifier == "linear-svm" else cross_entropy
