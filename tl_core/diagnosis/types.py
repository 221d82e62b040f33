"""What a diagnosis consists of: plain records. `wording` makes sentences of them, `Diagnosis.to_json` JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tl_core.intervals import Estimate

Tone = Literal["good", "note", "warning", "fault"]

Format = Literal["number", "percent", "points", "count", "epoch"]
"""number: a loss or rate. percent: a share of 0 to 1. points: a difference of shares. count: of images, classes or epochs. epoch: its number."""

Where = Literal["anew", "best epoch"]
"""Where a remedy applies: to a new run, or to a fork from the best epoch."""


@dataclass(frozen=True)
class Evidence:
    """A figure that a finding rests on.

    Attributes:
        name: A key of `wording.TITLES`.
        interval: Its 95 % interval; None if it is counted rather than estimated.
    """

    name: str
    value: float
    format: Format
    interval: Estimate | None = None

    @classmethod
    def of(cls, name: str, estimate: Estimate, form: Format) -> Evidence:
        return cls(name, estimate.value, form, estimate)


@dataclass(frozen=True)
class Finding:
    """A verdict that holds for a run; `verdict` is a name of `VERDICTS`."""

    verdict: str
    evidence: tuple[Evidence, ...] = ()

    def value(self, name: str) -> float | None:
        """The value of a figure; None if the finding does not rest on it."""
        return next((one.value for one in self.evidence if one.name == name), None)


@dataclass(frozen=True)
class Turn:
    """The epoch in which the expected validation loss turned.

    Attributes:
        epoch: That of the lowest mean loss on the validation images, within the interval.
        low, high: The 95 % interval of the epoch with the lowest expected loss; the images are the sample. In long runs: of bins, see `onset.MOST`.
        last: The last epoch; the costs are up to the mean of the last epochs: see `onset.END`.
        loss_cost: The rise of the expected loss from the turn to the end.
        accuracy_cost: The fall of the expected accuracy meanwhile, as a share; None if predictions are unknown.
    """

    epoch: int
    low: int
    high: int
    last: int
    loss_cost: Estimate
    accuracy_cost: Estimate | None


@dataclass(frozen=True)
class Rung:
    """A part of the gap between reported training accuracy and validation accuracy.

    Attributes:
        name: "regularisation" (reported minus clean), "memorised" (clean minus validation) or "leaked" (by how much near-twins among the
            validation images raise their accuracy).
        share: A difference of accuracies; may be negative.
    """

    name: str
    title: str
    share: Estimate


@dataclass(frozen=True)
class GapLadder:
    """The accuracies of an epoch, and the gaps between them."""

    epoch: int
    reported: Estimate | None
    clean: Estimate
    validation: Estimate
    rungs: tuple[Rung, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What can be said about a run.

    Attributes:
        epochs: Number of epochs diagnosed: all of a run, of a fork its own.
        images: Number of validation images with known losses; 0 if none are.
        running: Whether the run may still add epochs.
        inherited: Number of epochs before these that a fork inherited; they are not diagnosed.
        findings: In the order of `VERDICTS`: the first is the main one. Before the first epoch none, or that it diverged.
        turn: None if no turn can be seen.
        lowest: The 95 % interval of the epoch with the lowest expected validation loss, whether it turned or not.
        ladder: At the exported epoch; None before the first.
        smallest_effect: The rise of the validation loss that these images would have shown with a probability of 80 %.
        lead: Without a turn, by how much the loss of the lowest epoch's network is below that of the end; see `onset.lead_of`.
    """

    epochs: int
    images: int
    running: bool = False
    inherited: int = 0
    findings: tuple[Finding, ...] = ()
    turn: Turn | None = None
    lowest: tuple[int, int] | None = None
    ladder: GapLadder | None = None
    smallest_effect: float | None = None
    lead: Estimate | None = None

    @property
    def last(self) -> int:
        """The last epoch."""
        return self.inherited + self.epochs

    @property
    def main(self) -> Finding | None:
        """The finding for the headline; None before the first epoch."""
        return self.findings[0] if self.findings else None

    def found(self, verdict: str) -> Finding | None:
        """The finding of a verdict; None if it does not hold."""
        return next((one for one in self.findings if one.verdict == verdict), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Proposal:
    """A remedy with its changes for one run: settings by path."""

    remedy: str
    changes: Mapping[str, Any]
