"""Columns that several tables of runs have: the figures of the exported epoch, and settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pages.ui.tables.run_table import Cell, Column, Direction
from tl_core.experiment.wording import PARAMS, title_in_sentence, value_text
from tl_core.store import RunFigures
from tl_core.text import UNKNOWN, percent


class Measured(Protocol):
    """A run with its figures; None before its first epoch."""

    @property
    def figures(self) -> RunFigures | None: ...


T = TypeVar("T")
M = TypeVar("M", bound=Measured)


def figure_column(
    key: str,
    title: str,
    help: str,
    value: Callable[[T], float | None],
    text: Callable[[float | None], str],
    first: Direction = "ascending",
    narrow: bool = False,
) -> Column[T]:
    """A column of numbers, which stand at its right edge."""
    return Column(key, title, help, lambda row: Cell(text(value(row))), value, first, "figure", narrow)


def text_column(key: str, title: str, help: str, value: Callable[[T], str]) -> Column[T]:
    """A column of words."""
    return Column(key, title, help, lambda row: Cell(value(row)), lambda row: value(row) or None)


def accuracy_column(starred: Callable[[M], bool] = lambda _: False) -> Column[M]:
    """Validation accuracy with its interval; the highest of all epochs only shows while the mouse rests on it.

    Args:
        starred: Whether a run is the best of those compared.
    """
    return Column(
        "accuracy",
        "Validation",
        "Accuracy on the validation images at the exported epoch, with its 95 % interval. While it trains: at the epoch that would be "
        "exported now.",
        lambda row: _accuracy(row, starred(row)),
        lambda row: row.figures and row.figures.exported.accuracy.share,
        "descending",
        "figure",
        narrow=True,
    )


def _accuracy(row: Measured, starred: bool) -> Cell:
    if row.figures is None:
        return Cell(UNKNOWN)
    accuracy, highest = row.figures.exported.accuracy, row.figures.highest
    margin = f"± {100 * accuracy.margin:.1f}" if accuracy.margin is not None else ""
    said = [f"{row.figures.title} ({row.figures.exported.epoch}).", accuracy.explained]
    if highest.epoch != row.figures.exported.epoch:
        said.append(f"Highest: {percent(highest.accuracy.share)} at epoch {highest.epoch}.")
    return Cell(("★ " if starred else "") + percent(accuracy.share), margin, " ".join(filter(None, said)))


def gap_column() -> Column[M]:
    return figure_column(
        "gap",
        "Gap",
        "Accuracy on training images minus accuracy on validation images at the exported epoch, in percentage points, both in inference "
        "mode and without augmentation. The larger, the more it overfits.",
        lambda row: row.figures.exported.gap if row.figures else None,
        lambda gap: UNKNOWN if gap is None else f"{100 * gap:+.1f}",
        narrow=True,
    )


def test_column() -> Column[M]:
    return figure_column(
        "test",
        "Test",
        "Accuracy of the exported network on images used neither for training nor for validation.",
        lambda row: row.figures.test.share if row.figures and row.figures.test else None,
        percent,
        "descending",
    )


def setting_column(path: str, value: Callable[[T], Any]) -> Column[T]:
    """A setting; numbers are sorted by size. A folder of images is called by its name, with the whole path behind it.

    Args:
        value: Its value in a run; None if the settings of the run cannot be read.
    """
    param = PARAMS[path]
    title = title_in_sentence(param)

    def order(row: T) -> Any:
        found = value(row)
        return found if isinstance(found, int | float) or found is None else value_text(param, found)

    def cell(row: T) -> Cell:
        found = value(row)
        text = value_text(param, found)
        return Cell(text, hover=found if isinstance(found, str) and found != text else "")

    return Column(path, title[0].upper() + title[1:], f"{param.help} ({path})", cell, order)
