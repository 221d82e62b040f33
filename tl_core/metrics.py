"""The table of metrics, measured after every epoch.

A metric is one row. The epoch records, curves, tables, CSV, command line, `train.best`, `stopping.metric` and docs/curves.md are generated from
the rows, so a new metric needs no other change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from tl_core.registry import Registry

Split = Literal["train", "train_eval", "val"]
"""The data that a metric is measured on.

train: the training images as training sees them (training mode, augmented), averaged over the epoch while the weights change.
train_eval: a fixed subset of the training images, not augmented, in inference mode after the epoch.
val: all validation images, in inference mode after the epoch.
"""

Direction = Literal["lower", "higher", "none"]
Format = Literal["number", "percent"]

SPLITS: dict[Split, tuple[str, str]] = {
    "train": ("Reported", "reported"),
    "train_eval": ("Clean", "clean"),
    "val": ("Val.", "val"),
}
"""Prefixes of column titles on pages and on the command line."""

ECE_BINS = 15

TRAIN_EVAL_IMAGES = 1000
"""Maximum number of training images for train_eval metrics; the same ones in every epoch."""


@dataclass(frozen=True)
class Measured:
    """The outputs of a classifier on images, with their labels.

    Attributes:
        scores: Probabilities, float64, shape (images, classes); the margins of a linear SVM, which only rank classes.
        losses: The loss of each image, float64, shape (images,).
        predictions: The most likely class of each image, int64, shape (images,).
        labels: int64, shape (images,).
        probabilistic: False if `scores` are margins.
    """

    scores: np.ndarray
    losses: np.ndarray
    predictions: np.ndarray
    labels: np.ndarray
    probabilistic: bool = True

    @property
    def loss(self) -> float:
        return float(self.losses.mean())

    @property
    def accuracy(self) -> float:
        return float((self.predictions == self.labels).mean())


def macro_f1(measured: Measured) -> float:
    """The mean F1 of the classes that occur among the labels or the predictions, as scikit-learn's f1_score with average="macro", zero_division=0."""
    classes = measured.scores.shape[1]
    right = np.bincount(measured.labels[measured.predictions == measured.labels], minlength=classes)
    seen = np.bincount(measured.labels, minlength=classes) + np.bincount(measured.predictions, minlength=classes)
    present = seen > 0
    return float((2 * right[present] / seen[present]).mean())


def expected_calibration_error(measured: Measured) -> float | None:
    """The mean difference between confidence and accuracy, over `ECE_BINS` bins of equal width (Guo et al. 2017); None for margins.

    A bin has the images whose highest probability is above its lower edge and not above its upper edge.
    """
    if not measured.probabilistic:
        return None
    confidence, right = measured.scores.max(axis=1), measured.predictions == measured.labels
    bins = np.searchsorted(np.linspace(0, 1, ECE_BINS + 1)[1:-1], confidence)
    gaps = np.bincount(bins, weights=right - confidence, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


@dataclass(frozen=True)
class Metric:
    """One row.

    Attributes:
        name: Its key in metrics.jsonl, in CSV files and in settings.
        title: Its name in sentences and in the docs.
        quantity: What is measured, such as "accuracy"; metrics of one quantity share a chart.
        split: What it is measured on.
        direction: Which values are better; "none" if neither.
        format: "percent" for shares of 1.
        help: Its meaning, in a sentence or two.
        compute: From outputs and labels to the value, or None if it is not defined for them. None for metrics that training sums up.
        short: A short form of the quantity; by default the quantity.
        main: Shown first: its chart is shown by default, and narrow terminals show it.
        charted: Has a chart of its quantity.
        compared: Has a column in the table of compared runs, with its value at the exported epoch.
        listed: Stands in every list of runs, however narrow.
    """

    name: str
    title: str
    quantity: str
    split: Split
    direction: Direction
    format: Format
    help: str
    compute: Callable[[Measured], float | None] | None = field(default=None, repr=False)
    short: str = ""
    main: bool = False
    charted: bool = True
    compared: bool = False
    listed: bool = False

    @property
    def phrase(self) -> str:
        """The title within a sentence."""
        return self.title[0].lower() + self.title[1:]

    @property
    def best_phrase(self) -> str:
        """Its best value within a sentence, such as "lowest validation loss"."""
        return f"{'lowest' if self.direction == 'lower' else 'highest'} {self.phrase}"

    @property
    def column(self) -> str:
        """The title of its column on a page."""
        return f"{SPLITS[self.split][0]} {self.quantity}" if self.charted else self.title

    @property
    def heading(self) -> str:
        """The title of its column on the command line."""
        short = self.short or self.quantity
        return short if self.split == "train" else f"{SPLITS[self.split][1]} {short}"

    def text(self, value: float | None) -> str:
        """A value as shown on the command line; empty if there is none."""
        return "" if value is None else format(value, ".3f" if self.format == "percent" else ".4f")

    def better(self, value: float, other: float) -> bool:
        """Whether a value is better than another; never with direction "none"."""
        return {"lower": value < other, "higher": value > other, "none": False}[self.direction]


METRICS: Registry[Metric] = Registry(
    "metric",
    "metric",
    (
        Metric(
            "accuracy",
            "Training accuracy (reported)",
            "accuracy",
            "train",
            "higher",
            "percent",
            "Share of correctly classified images during training, with dropout and augmentation, while the weights change. "
            "Does not show overfitting.",
            short="acc",
            main=True,
        ),
        Metric(
            "loss",
            "Training loss (reported)",
            "loss",
            "train",
            "lower",
            "number",
            "Mean loss during training, with dropout and augmentation, while the weights change. Does not show overfitting.",
            main=True,
        ),
        Metric(
            "penalty",
            "Penalty",
            "penalty",
            "train",
            "none",
            "number",
            "L1 and L2 penalties, averaged over the epoch; minimised by training, but not included in any loss shown.",
            charted=False,
        ),
        Metric(
            "train_eval_accuracy",
            "Training accuracy (clean)",
            "accuracy",
            "train_eval",
            "higher",
            "percent",
            "Share of correctly classified images among up to 1,000 unaugmented training images, after the epoch; comparable with validation.",
            lambda measured: measured.accuracy,
            short="acc",
            main=True,
        ),
        Metric(
            "train_eval_loss",
            "Training loss (clean)",
            "loss",
            "train_eval",
            "lower",
            "number",
            "Mean loss on up to 1,000 unaugmented training images, after the epoch; comparable with validation.",
            lambda measured: measured.loss,
            main=True,
        ),
        Metric(
            "val_accuracy",
            "Validation accuracy",
            "accuracy",
            "val",
            "higher",
            "percent",
            "Share of correctly classified validation images, after the epoch.",
            lambda measured: measured.accuracy,
            short="acc",
            main=True,
            compared=True,
            listed=True,
        ),
        Metric(
            "val_loss",
            "Validation loss",
            "loss",
            "val",
            "lower",
            "number",
            "Mean loss on the validation images, after the epoch.",
            lambda measured: measured.loss,
            main=True,
            compared=True,
        ),
        Metric(
            "val_macro_f1",
            "Validation macro F1",
            "macro F1",
            "val",
            "higher",
            "percent",
            "The unweighted mean of the F1 scores of all classes that occur among labels or predictions on the validation images, so that rare "
            "classes count as much as common ones. A class that is never predicted correctly has an F1 of 0.",
            macro_f1,
            short="F1",
            compared=True,
        ),
        Metric(
            "val_ece",
            "Validation calibration error",
            "calibration error",
            "val",
            "lower",
            "percent",
            f"Expected calibration error: how far the probability of the predicted class is from the share of correct predictions, on average "
            f"over {ECE_BINS} bins of that probability (Guo et al. 2017). 0: of images predicted with 80 %, 80 % are correct. Not defined for "
            "a linear SVM, which has no probabilities.",
            expected_calibration_error,
            short="ECE",
            compared=True,
        ),
    ),
)


def measure(split: Split, measured: Measured) -> dict[str, float]:
    """The values of all metrics of a split, by name, without those that are not defined for these outputs."""
    values = ((row.name, row.compute(measured)) for row in METRICS if row.split == split and row.compute)
    return {name: value for name, value in values if value is not None}


def of_split(split: Split) -> tuple[Metric, ...]:
    return tuple(row for row in METRICS if row.split == split)


def quantities() -> tuple[str, ...]:
    """The quantities that charts can show, main ones first."""
    rows = sorted((row for row in METRICS if row.charted), key=lambda row: not row.main)
    return tuple(dict.fromkeys(row.quantity for row in rows))


def metric_of(quantity: str, split: Split) -> Metric | None:
    """The metric of a quantity on a split; None if there is none."""
    return next((row for row in METRICS if (row.quantity, row.split) == (quantity, split)), None)


CHOICES = tuple(row.name for row in of_split("val") if row.direction != "none")
"""The metrics that can decide which epoch is best."""

if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[CHOICES]
