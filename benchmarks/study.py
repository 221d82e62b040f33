"""The frozen study of ML Zoomcamp, chapter 8, as published: DataTalksClub/machine-learning-zoomcamp at f9f0438, 08-deep-learning/notebook.ipynb.

Clothing-dataset-small (3,068 training, 341 validation photos, ten classes), Xception at 150 pixels with everything frozen, pooled averages,
Adam, batches of 32, on a GPU whose kind is not printed. Six cells, 14 runs, 221 epochs; each epoch put all 3,409 photos through the
frozen network again. The chapter's last cell (299 pixels, augmented, 21 epochs) is no part of it: nothing of that could be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SIZE, BATCH = 150, 32
TRAIN, VALIDATION = 3068, 341


@dataclass(frozen=True)
class Published:
    """One run of the notebook.

    Attributes:
        inner: Units of the hidden layer; 0: none.
        seconds: Of its cell, shared out among the cell's runs by their epochs.
        best, last: Validation accuracy, of the best epoch (None: the notebook gives none for this run) and of the last.
        by_accuracy: Whether the epoch of highest validation accuracy is kept (a checkpoint callback), not that of lowest loss.
    """

    cell: int
    what: str
    epochs: int
    learning_rate: float
    inner: int
    dropout: float
    seconds: float
    best: float
    best_epoch: int | None
    last: float
    by_accuracy: bool = False


def _runs() -> Iterator[Published]:
    yield Published(28, "rate .01", 10, 0.01, 0, 0.0, 164, 0.8299, 7, 0.7889)
    rates = ((1e-4, 0.7889, 0.7889), (1e-3, 0.8299, 0.8240), (1e-2, 0.8211, 0.7889), (1e-1, 0.7889, 0.7889))
    for rate, best, last in rates:
        yield Published(32, f"rate {rate:g}", 10, rate, 0, 0.0, 656 / 4, best, None, last)
    yield Published(39, "rate .001, checkpoint", 10, 1e-3, 0, 0.0, 165, 0.8358, 6, 0.8328, by_accuracy=True)
    for inner, best, last in ((10, 0.8152, 0.8152), (100, 0.8152, 0.8123), (1000, 0.8123, 0.8006)):
        yield Published(42, f"inner {inner}", 10, 1e-3, inner, 0.0, 523 / 3, best, None, last)
    dropouts = (
        (0.0, 0.8416, 4, 0.8358),
        (0.2, 0.8446, 5, 0.8065),
        (0.5, 0.8534, 21, 0.8299),
        (0.8, 0.8328, 28, 0.8299),
    )
    for dropout, best, epoch, last in dropouts:
        yield Published(46, f"inner 100, dropout {dropout:g}", 30, 1e-3, 100, dropout, 1874 / 4, best, epoch, last)
    yield Published(51, '"augmentation" (none)', 11, 1e-3, 100, 0.2, 178, 0.8328, 9, 0.8240)


STUDY = tuple(_runs())
"""The order of the rates, sizes and dropouts within a cell is that of the notebook; sizes are the course text's."""
