"""Reports on a part of the data: metrics per class, confusion matrix, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tl_core.data.dataset import Item
from tl_core.metrics import Measured

WORST = 24


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
