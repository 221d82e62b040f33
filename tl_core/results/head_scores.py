"""How heads that are solved at once do on some features, as plain data; `tl_core.engine.bank.closed_form` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tl_core.comparison import LEVEL
from tl_core.intervals import Estimate


@dataclass(frozen=True)
class HeadScore:
    """One classifier.

    Attributes:
        classifier: Its name in the table of solved classifiers.
        accuracy: On the validation images, on which nothing was selected.
        low, high: The 95 % interval of that accuracy.
        loss: Mean cross-entropy on the validation images, in nats.
        best_loss: The same at the temperature that suits the validation images best: near `loss` if the classifier is calibrated.
        calibration_error: The mean difference between confidence and accuracy (expected calibration error).
        train_accuracy: On the images it was solved on.
        seconds: Solving it, selection and calibration included.
        selected: What the training images selected, by name.
    """

    classifier: str
    accuracy: float
    low: float
    high: float
    loss: float
    best_loss: float
    calibration_error: float
    train_accuracy: float
    seconds: float
    selected: Mapping[str, float]

    @property
    def gap(self) -> float:
        """Training accuracy less validation accuracy."""
        return self.train_accuracy - self.accuracy


Standing = Literal["better", "worse", "cannot tell"]


@dataclass(frozen=True)
class HeadRow:
    """A closed-form head beside a regularisation map, on the same features and images.

    Attributes:
        score: None if it was not solved; `missing` says why.
        loss: Its validation loss, with the 95 % interval for the validation images.
        behind: That loss less the lowest of the map.
        p: Of no difference to the truly best cell, which of them all is not known (`tl_core.comparison.against_lowest`), corrected by Holm for
            the number of heads; None as long as some are still being solved.
    """

    classifier: str
    score: HeadScore | None = None
    loss: Estimate | None = None
    behind: float | None = None
    p: float | None = None
    missing: str = ""

    @property
    def standing(self) -> Standing | None:
        """Whether it is better or worse than the best cell of the map; None as long as that is not known."""
        if self.p is None or self.behind is None:
            return None
        if self.p >= LEVEL:
            return "cannot tell"
        return "worse" if self.behind > 0 else "better"
