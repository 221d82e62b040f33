"""From the outputs of a classifier to its predictions and losses, and to reports on a part of the data.

Reports: metrics per class, confusion matrix, and the worst mistakes. `tl_core.metrics` computes the metrics of an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tl_core.data.dataset import Item
from tl_core.experiment.spec import HeadSpec
from tl_core.metrics import Measured

Measure = Callable[[np.ndarray, np.ndarray], Measured]
"""From outputs of the classifier (images, units) and labels (images,) to predictions and losses."""

WORST = 24


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
    return "squared hinge" if head.margins else "cross-entropy"


def measure_of(head: HeadSpec) -> Measure:
    """The loss function of a run's metrics: the one that its classifier minimises."""
    return squared_hinge if head.margins else cross_entropy


def report(measured: Measured, class_names: Sequence[str], items: Sequence[Item], loss_name: str) -> dict[str, Any]:
    """A report as plain JSON values.

    `confusion[i][j]` counts images of class i predicted as class j. `worst` are the wrong predictions with the highest loss.
    """
    return {
        "images": len(items),
        "accuracy": measured.accuracy,
        "loss": measured.loss,
        "loss_name": loss_name,
        "classes": _by_class(measured, class_names),
        "confusion": _confusion(measured, len(class_names)),
        "worst": _worst(measured, class_names, items),
    }


def _by_class(measured: Measured, class_names: Sequence[str]) -> list[dict[str, Any]]:
    from sklearn.metrics import precision_recall_fscore_support

    labels = np.arange(len(class_names))
    figures = precision_recall_fscore_support(
        measured.labels, measured.predictions, labels=labels, zero_division=np.nan
    )
    rows = zip(class_names, *(np.asarray(figure).tolist() for figure in figures), strict=True)
    return [
        {"name": name, "precision": _known(p), "recall": _known(r), "f1": _known(f), "images": int(count)}
        for name, p, r, f, count in rows
    ]


def _known(value: float) -> float | None:
    """None for NaN: a class without images has no recall, rather than a recall of zero."""
    return None if np.isnan(value) else float(value)


def _confusion(measured: Measured, classes: int) -> list[list[int]]:
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (measured.labels, measured.predictions), 1)
    return [[int(count) for count in row] for row in table]


def _worst(measured: Measured, class_names: Sequence[str], items: Sequence[Item]) -> list[dict[str, Any]]:
    wrong = np.flatnonzero(measured.predictions != measured.labels)
    ranked = wrong[np.argsort(-measured.losses[wrong], kind="stable")][:WORST]
    return [
        {
            "image": items[index].key,
            "label": class_names[measured.labels[index]],
            "predicted": class_names[measured.predictions[index]],
            "score": float(measured.scores[index, measured.predictions[index]]),
            "loss": float(measured.losses[index]),
        }
        for index in ranked
    ]
