"""How heads that are solved at once do on some features, as plain data; `tl_core.engine.probe.heads` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def read_head_score(values: Mapping[str, Any]) -> HeadScore:
    """A score from the JSON form of `dataclasses.asdict`."""
    return HeadScore(**values)
