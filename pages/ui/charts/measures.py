"""What charts of curves can show: the quantities of the table of metrics, and the gaps between training and validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tl_core.metrics import METRICS, Split, metric_of, quantities
from tl_core.store import Epochs

Kind = Literal["val", "clean", "reported"]
Format = Literal["percent", "number", "points", "rate"]

SPLITS: dict[Kind, Split] = {"val": "val", "clean": "train_eval", "reported": "train"}

GAP, LOSS_GAP = "gap", "loss gap"

Values = Callable[[Epochs], np.ndarray]
"""The values of a curve: float64, shape (epochs,); NaN where there is none."""


@dataclass(frozen=True)
class Measure:
    """One quantity.

    Attributes:
        name: As pages and addresses name it.
        format: percent: a share of 1. points: of a percentage. rate: a learning rate.
        curves: How each kind of curve is read from the epochs of a run; a measure that compares kinds has one curve, "val".
        help: What it is, in a sentence or two.
    """

    name: str
    format: Format
    curves: Mapping[Kind, Values]
    help: str = ""

    @property
    def title(self) -> str:
        return self.name[:1].upper() + self.name[1:]

    @property
    def axis_title(self) -> str:
        return f"{self.title} (points)" if self.format == "points" else self.title

    @property
    def is_gap(self) -> bool:
        """Whether it is the distance between two curves, which can be negative."""
        return self.name in (GAP, LOSS_GAP)

    @property
    def unit(self) -> str:
        """What stands behind a value; a gap of losses has none."""
        return "points" if self.format == "points" else ""

    @property
    def has_log_scale(self) -> bool:
        """Whether it may be drawn on a logarithmic scale: shares of 1 and gaps are not."""
        return self.format == "number" and not self.is_gap

    @property
    def one_kind(self) -> bool:
        """Whether there is nothing to choose between: it is measured on validation images alone, or a gap."""
        return len(self.curves) == 1


def gap_values(quantity: str, clean: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """How much worse validation is than clean training: in points of a percentage, or in the unit of the quantity. Shape (epochs,)."""
    return 100 * (clean - validation) if measure_of(quantity).format == "percent" else validation - clean


def measures() -> tuple[Measure, ...]:
    """All measures: the main quantities, the gaps, then the others."""
    names = quantities()
    main = {row.quantity for row in METRICS if row.main}
    return tuple(
        measure_of(name)
        for name in (*(n for n in names if n in main), GAP, LOSS_GAP, *(n for n in names if n not in main))
    )


def measure_of(name: str) -> Measure:
    """A measure by its name; what is no quantity of the table of metrics is a learning rate, without curves of its own."""
    if name in _GAPS:
        return _GAPS[name]
    rows = {kind: row for kind, split in SPLITS.items() if (row := metric_of(name, split))}
    if not rows:
        return Measure(name, "rate", {})
    first = next(iter(rows.values()))
    return Measure(name, first.format, {kind: _column(row.name) for kind, row in rows.items()}, first.help)


def _column(name: str) -> Values:
    return lambda epochs: epochs.column(name)


_GAPS = {
    measure.name: measure
    for measure in (
        Measure(
            GAP,
            "points",
            {"val": lambda epochs: 100 * (epochs.column("train_eval_accuracy") - epochs.column("val_accuracy"))},
            "Accuracy on clean training images minus accuracy on validation images, in percentage points: what the network memorised.",
        ),
        Measure(
            LOSS_GAP,
            "number",
            {"val": lambda epochs: epochs.column("val_loss") - epochs.column("train_eval_loss")},
            "Validation loss minus loss on clean training images.",
        ),
    )
}
