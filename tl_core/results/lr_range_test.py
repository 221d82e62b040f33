"""The result of a learning-rate range test, as plain data; made by `tl_core.engine.lr_range_test`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.text import duration

FEWEST_STEPS = 30
"""Steps of the shortest test."""

FEWEST_IMAGES = (64, 32)
"""Training and validation images of the smallest test."""


@dataclass(frozen=True)
class Finding:
    """The losses of a training whose learning rate rises from step to step until it diverges.

    Attributes:
        phase: The phase that was tested.
        rates: The head's learning rate at each step, rising; thawed layers learned at `backbone_share` of it.
        losses: Cross-entropy of the step's batch in training mode, before the step: noisy.
        smoothed: The smoothed losses.
        val_losses: (rate, loss) on a fixed part of the validation images, in inference mode, after every few steps.
        backbone_share: The rate of the thawed layers over that of the head; None if every block is frozen.
        steepest: The rate at which the smoothed loss fell fastest, the suggestion; None if it never fell.
        careful: A tenth of the rate of the lowest smoothed loss, another common rule; None if it never fell.
        diverged: Whether the test ended because the loss grew, rather than at the highest rate.
        images: Number of training images used.
    """

    phase: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    val_losses: tuple[tuple[float, float], ...]
    backbone_share: float | None
    steepest: float | None
    careful: float | None
    diverged: bool
    images: int

    @property
    def suggestion(self) -> float | None:
        return self.steepest

    @property
    def settings(self) -> dict[str, float]:
        """The suggestion as settings by path; empty if there is none."""
        if self.steepest is None:
            return {}
        rates = {"train.learning_rate": self.steepest}
        if self.backbone_share is not None:
            rates["train.backbone_learning_rate"] = min(rounded(self.steepest * self.backbone_share), 1.0)
        return rates


def too_slow(seconds: float) -> str:
    """Why a test is not begun that takes so long."""
    return (
        f"Even a short test of this experiment takes about {duration(seconds)}. Freeze more blocks, use smaller images or batches, "
        "or run it on the command line: lr-find."
    )


def rounded(rate: float) -> float:
    """A learning rate rounded to two significant digits: 0.0021."""
    return float(f"{rate:.1e}")


def read_finding(values: Mapping[str, Any]) -> Finding:
    """A finding from the JSON form of `dataclasses.asdict`."""
    series = {name: tuple(values[name]) for name in ("rates", "losses", "smoothed")}
    pairs = tuple((rate, loss) for rate, loss in values["val_losses"])
    return Finding(**{**values, **series, "val_losses": pairs})
