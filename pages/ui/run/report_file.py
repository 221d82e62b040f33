"""A report on a part of the data, read from a run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pages.ui.common.run_view import RunView
from tl_core.files import read_json
from tl_core.records import from_json

_KEPT = 8


@dataclass(frozen=True)
class ClassFigures:
    """Of one class, 0 to 1; None where there is nothing to divide by. images: How many belong to it."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    images: int


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction: the image's name, its true class, the predicted one, the score of that, the loss."""

    image: str
    label: str
    predicted: str
    score: float
    loss: float


@dataclass(frozen=True)
class Report:
    """A part's report; `confusion[i][j]` counts images of class i predicted as class j."""

    images: int
    accuracy: float
    loss: float
    loss_name: str
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[Mistake, ...]


def read_report(view: RunView, part: str) -> Report | None:
    """A part's report; None if there is none, Damaged if its file cannot be read."""
    file = view.run.report / f"{part}.json"
    try:
        changed = file.stat()
        return _read(file, changed.st_mtime_ns, changed.st_size)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=_KEPT)
def _read(file: Path, _changed: int, _bytes: int) -> Report:
    """Kept while the file stays as it is: the matrix of 1,000 classes has a million numbers."""
    return read_json(file, _report)


def _report(values: Any) -> Report:
    report = from_json(Report, values)
    shape = {len(report.classes), len(report.confusion), *map(len, report.confusion)}
    if len(shape) != 1:
        raise ValueError("the confusion matrix is of other classes")
    return report
