"""Recognises a table of labels (CSV) beside images that lie in one folder, to name the remedy."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {".csv": ",", ".tsv": "\t"}

_READ = 200_000
"""Characters of a table that are read."""


@dataclass(frozen=True)
class LabelTable:
    """A table with a row per image.

    Attributes:
        column: The title of the column of labels.
        labels: The labels in the rows read, sorted.
    """

    file: Path
    column: str
    labels: tuple[str, ...]


def label_table(folders: Sequence[Path], images: Collection[str]) -> LabelTable | None:
    """The first table in some folders that names images.

    Args:
        images: Names of files; a table may leave out their suffixes and write folders before them.
    """
    names = {form for image in images for form in (image, Path(image).stem)}
    for file in (file for folder in folders for file in sorted(folder.iterdir())):
        if _is_table(file) and (table := _read(file, names)):
            return table
    return None


def _is_table(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file() and not file.is_symlink()


def _read(file: Path, images: Collection[str]) -> LabelTable | None:
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
            lines = opened.read(_READ).splitlines()
        titles, *rows = [row for row in csv.reader(lines, delimiter=SUFFIXES[file.suffix.lower()]) if row]
    except (OSError, ValueError, csv.Error):  # No table, an empty one, or one of another kind.
        return None
    columns = {title.strip(): values for title, *values in zip(titles, *rows, strict=False)}
    named = [title for title, values in columns.items() if _name_images(values, images)]
    others = {title: set(values) for title, values in columns.items() if title not in named}
    several = {title: values for title, values in others.items() if len(values) > 1}
    if not named or not several:
        return None
    column = min(several, key=lambda title: len(several[title]))
    return LabelTable(file, column, tuple(sorted(several[column])))


def _name_images(values: Sequence[str], images: Collection[str]) -> bool:
    found = sum(value.replace("\\", "/").rpartition("/")[2].strip() in images for value in values)
    return 2 * found > len(values)
