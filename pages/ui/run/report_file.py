"""A report on a part of the data, read from a run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pages.ui.common.run_view import RunView, json_of, reading

_KEPT = 8

_CLASS = ("name", "precision", "recall", "f1", "images")
_MISTAKE = ("image", "label", "predicted", "score", "loss")


@dataclass(frozen=True)
class Report:
    """A part's report; `confusion[i][j]` counts images of class i taken for class j."""

    images: int
    accuracy: float
    loss: float
    loss_name: str
    classes: tuple[dict[str, Any], ...]
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[dict[str, Any], ...]


def read_report(view: RunView, part: str) -> Report | None:
    """A part's report; None if there is none, BadInput if its file is damaged."""
    file = view.run.report / f"{part}.json"
    try:
        changed = file.stat()
    except OSError:
        return None
    return _read(file, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=_KEPT)
def _read(file: Path, _changed: int, _bytes: int) -> Report | None:
    """Kept while the file stays as it is: the matrix of 1,000 classes has a million numbers."""
    values = json_of(file)
    if values is None:
        return None
    with reading(f"report/{file.name}"):
        figures = int(values["images"]), float(values["accuracy"]), float(values["loss"]), str(values["loss_name"])
        classes = tuple({name: row[name] for name in _CLASS} for row in values["classes"])
        worst = tuple({name: row[name] for name in _MISTAKE} for row in values["worst"])
        confusion = tuple(tuple(int(count) for count in row) for row in values["confusion"])
        if {len(row) for row in (confusion, *confusion)} != {len(classes)}:
            raise ValueError("the confusion matrix is not square")
        return Report(*figures, classes, confusion, worst)
