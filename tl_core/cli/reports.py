"""A report on a part of the data, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tl_core.cli import output

CLASSES, WORST = 40, 20
"""Classes up to which all are printed, and how many of more."""


def report_text(report: Mapping[str, Any], title: str, whole: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """What a report says, in sentences, and a row for each class that is shown; `whole` has all of its classes."""
    said = [
        f"{title}: accuracy {report['accuracy']:.3f} on {report['images']:,} images, {report['loss_name']} {report['loss']:.4f}"
    ]
    classes = report["classes"]
    if len(classes) > CLASSES:
        known = [row for row in classes if row["recall"] is not None]
        classes = sorted(known, key=lambda row: row["recall"])[:WORST]
        said.append(
            f"The {WORST} of {len(report['classes']):,} classes with the lowest recall; {whole} has all of them."
        )
    shares = ("precision", "recall", "f1")
    return tuple(said), [(row["name"], *(output.share(row[name]) for name in shares), row["images"]) for row in classes]


def print_report(said: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    for sentence in said:
        output.print_text(sentence)
    output.print_table(("class", ">precision", ">recall", ">F1", ">images"), rows)
