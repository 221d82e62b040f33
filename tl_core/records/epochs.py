"""Typed records of epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tl_core.metrics import METRICS
from tl_core.records.values import LARGEST

_FIELDS = ("epoch", "phase", "learning_rate", "seconds", "images_per_second", "inherited")
"""The entries of a line of metrics.jsonl that are not metrics."""

_RENAMED = {"clean_loss": "train_eval_loss", "clean_accuracy": "train_eval_accuracy"}
"""Names of metrics in earlier versions."""


@dataclass(frozen=True)
class EpochRecord:
    """The record of an epoch: a line of metrics.jsonl.

    Attributes:
        epoch: Counted from 1 over the whole run.
        metrics: Values by the names of `tl_core.metrics.METRICS`; finite.
        learning_rate: After the last step, by parameter group; empty for a classifier that is solved.
        seconds: Of training and evaluation; None for a head of a bank, which trains together with others.
        images_per_second: Of training alone; None if unknown.
        inherited_from: The run that trained this epoch, if a fork inherited it; empty for a run's own epochs.
    """

    epoch: int
    phase: str
    metrics: Mapping[str, float]
    learning_rate: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    images_per_second: float | None = None
    inherited_from: str = ""

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> EpochRecord:
        """From a line of metrics.jsonl, of this or an earlier version; raises ValueError if it is not an epoch."""
        line = upgraded(line)
        try:
            return cls(
                epoch=_whole(line["epoch"]),
                phase=str(line.get("phase", "")),
                metrics={name: _finite(value) for name, value in line.items() if name not in _FIELDS},
                learning_rate={str(group): _finite(rate) for group, rate in (line.get("learning_rate") or {}).items()},
                seconds=_optional(line.get("seconds")),
                images_per_second=_optional(line.get("images_per_second")),
                inherited_from=str(line.get("inherited", "")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None

    def to_line(self) -> dict[str, Any]:
        """As an object of plain values, without empty fields."""
        entries: dict[str, Any] = {
            "inherited": self.inherited_from or None,
            "epoch": self.epoch,
            "phase": self.phase,
            **self.metrics,
            "learning_rate": dict(self.learning_rate) or None,
            "seconds": self.seconds,
            "images_per_second": self.images_per_second,
        }
        return {name: value for name, value in entries.items() if value is not None}

    @property
    def gap(self) -> float | None:
        """Clean training accuracy minus validation accuracy; None if one is unknown."""
        pair = self.metrics.get("train_eval_accuracy"), self.metrics.get("val_accuracy")
        return None if pair[0] is None or pair[1] is None else pair[0] - pair[1]


def upgraded(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of metrics.jsonl in the form of this version; raises ValueError if it is not an object."""
    if not isinstance(line, dict):
        raise ValueError("a line is not an object")
    return {str(_RENAMED.get(name, name)): value for name, value in line.items()}


def rank(record: EpochRecord, metric: str) -> tuple[float, float]:
    """A sort key of epochs by a metric, best first; ties: the lower validation loss. Epochs without the metric are last."""
    value, higher = record.metrics.get(metric, math.nan), METRICS[metric].direction == "higher"
    loss = record.metrics.get("val_loss", math.inf)
    return (math.inf if math.isnan(value) else -value if higher else value), loss


def best(records: Iterable[EpochRecord], metric: str) -> EpochRecord:
    """The best epoch by a metric; ties: the lowest validation loss, then the first. Raises ValueError without epochs."""
    return min(records, key=lambda record: rank(record, metric))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= LARGEST:
        raise ValueError(f"an epoch is {str(value)[:20]!r}")
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"it holds {value!r}, which is not a finite number")
    return float(value)


def _optional(value: Any) -> float | None:
    return None if value is None else _finite(value)
