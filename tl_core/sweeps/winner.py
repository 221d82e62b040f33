"""The winner of a sweep against the others: which of them can be told apart from it, and what it owes to being chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from tl_core import store
from tl_core.comparison import Entry, Side, readable_sides
from tl_core.comparison.differences import loss_difference
from tl_core.comparison.power import LEVEL
from tl_core.comparison.resampling import drawn
from tl_core.intervals import Accuracy, Estimate
from tl_core.sweeps.reading import SweepReading, TrialReading
from tl_core.text import counted

SMALLEST_RISE = 5e-5
"""Less would be written as 0.0000."""

MOST = 40
"""The most trials that the winner is compared with, those of the lowest loss: each takes a bootstrap."""

ONE_SEED = "Each trial is one network: other seeds may change their order."


@dataclass(frozen=True)
class Rival:
    """Another finished trial, against the winner.

    Attributes:
        more: By how much its validation loss is higher, with the 95 % interval, paired by image.
        p: Corrected by Bonferroni for the number of pairs of all that were compared: the winner was chosen on these images, so that any pair
            might have been the one that differs most.
    """

    number: int
    more: Estimate
    p: float

    @property
    def apart(self) -> bool:
        """Whether it can be told apart from the winner."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Winner:
    """The trial of the lowest validation loss.

    Attributes:
        rivals: The others that could be compared, the lowest loss first.
        finished: How many trials have finished, the winner included.
        rise: By how much its validation loss is at least expected to be higher on new images, as it was chosen as the lowest on these.
        left_out: Why others could not be compared, as sentences.
    """

    trial: TrialReading
    rivals: tuple[Rival, ...]
    finished: int
    rise: float
    left_out: tuple[str, ...]

    @property
    def as_good(self) -> tuple[int, ...]:
        """The numbers of the trials that cannot be told apart from it."""
        return tuple(rival.number for rival in self.rivals if not rival.apart)

    @property
    def accuracy(self) -> Accuracy | None:
        return self.trial.accuracy

    @property
    def text(self) -> str:
        """Whether it can be told apart from the others, as sentences."""
        if not self.rivals:
            return " ".join(self.left_out) or "There is no other finished trial to compare it with."
        few, others = len(self.as_good), counted(len(self.rivals), "other")
        if self.finished > len(self.rivals) + 1:
            others += " of the lowest losses"
        said = f"{few:,} of {others} cannot be told apart from it"
        if few in (0, len(self.rivals)):
            said = f"It cannot be told apart from the {others}" if few else f"It can be told apart from all {others}"
        chosen = f" Chosen as the lowest of {self.finished:,}, its validation loss is at least about {self.rise:.4f} too low for new images."
        shown = chosen if self.rise >= SMALLEST_RISE else ""
        return f"{said}, paired by image and corrected for the number of pairs (Bonferroni). {ONE_SEED}{shown}"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        rivals = [{"number": one.number, "more": asdict(one.more), "p": one.p} for one in self.rivals]
        return {**self.trial.to_json(), "as_good": list(self.as_good), "rise": self.rise, "rivals": rivals}


def read_winner(reading: SweepReading) -> Winner | None:
    """The winner of a sweep so far; None before a trial has finished."""
    best = reading.winner
    if best is None:
        return None
    return _winner(best, reading.finished, reading.sweep.models)


def _winner(best: TrialReading, finished: Sequence[TrialReading], models: Path) -> Winner:
    compared = finished[: MOST + 1]
    entries = [Entry(f"Trial {trial.number + 1}", (store.get_run(models, trial.run),)) for trial in compared]
    sides, left_out = readable_sides(entries)
    by_run = {side.runs[0]: side for side in sides}
    own = by_run.pop(best.run, None)
    if own is None or own.loss is None or not by_run:
        return Winner(best, (), len(finished), 0.0, left_out)
    numbers = {trial.run: trial.number for trial in compared}
    found = [(numbers[run], loss_difference(own, side)) for run, side in by_run.items()]
    known = [(number, difference) for number, difference in found if difference is not None]
    pairs = comb(len(known) + 1, 2)
    rivals = (Rival(number, of.estimate, min(1.0, pairs * of.p)) for number, of in known)
    return Winner(best, tuple(rivals), len(finished), _rise([own, *by_run.values()]), left_out)


def _rise(sides: Sequence[Side]) -> float:
    """A bootstrap over images: in each resample the lowest side is chosen, and what it gained by the resample is the optimism (Efron 1983).

    `expected_fall`, which first draws the means together by their noise, takes that noise to be equal: losses of poor trials vary much more.
    """
    losses = [side.loss.mean(axis=0) for side in sides if side.loss is not None and np.isfinite(side.loss).all()]
    if len(losses) < 2:
        return 0.0
    means = np.array([loss.mean() for loss in losses])
    gains = []
    for columns in drawn(len(losses[0])):
        resampled = np.stack([loss[columns].mean(axis=1) for loss in losses])
        gains.append((means[:, None] - resampled)[resampled.argmin(axis=0), np.arange(len(columns))])
    return max(
        float(np.concatenate(gains).mean()), 0.0
    )  # Where one side always wins, only the error of the bootstrap is left.
