"""The table of classifiers that are solved at once on frozen features, without epochs.

To add one, add a row here and the module it names in `tl_core.engine.classifiers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tl_core.registry import Registry


@dataclass(frozen=True)
class SolvedClassifier:
    """One row.

    Attributes:
        help: What it is, and when it serves.
        module: The module of `tl_core.engine.classifiers` whose `fit` solves it.
        uses: Settings that matter to it, besides those of the data, the backbone and `head.pooling`.
        unused: Why settings have no effect that might be expected to, by path; the end of a sentence.
        effect: What works against overfitting without a setting: (name, sentence); None if nothing does.
        regularised: What keeps it from overfitting, and where that is set, as a sentence.
        margins: True if its outputs only rank the classes, and its loss is squared hinge; otherwise they are logits.
        needs_l2: True if it cannot be solved without a penalty.
        projects: True if a fixed layer of `head.projection_units` is between features and classifier.
    """

    name: str
    title: str
    help: str
    module: str
    regularised: str
    uses: tuple[str, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)
    effect: tuple[str, str] | None = None
    margins: bool = False
    needs_l2: bool = False
    projects: bool = False


_LEFT_OUT = ("L2 selected", "The penalty with the highest accuracy on training images that are left out one at a time.")
_SELECTS_L2 = {"head.l2": "{name} selects its L2 by leave-one-out on the training images"}
_SELECTED = (
    "It selects its L2 itself, as the one with the highest accuracy on training images that are left out one at a time."
)

SOLVED: Registry[SolvedClassifier] = Registry(
    "classifier",
    "head.classifier",
    (
        SolvedClassifier(
            "logistic-regression",
            "Logistic regression",
            "the softmax classifier with the lowest loss, with L2 on its weights and none on its bias",
            "logistic_regression",
            "Its L2 keeps its weights small.",
            uses=("head.l2",),
        ),
        SolvedClassifier(
            "linear-svm",
            "Linear SVM",
            "maximises the margin between classes, needs L2 above 0, and gives scores, not probabilities",
            "linear_svm",
            "Its L2 keeps its weights small: the larger, the wider the margin between the classes.",
            uses=("head.l2",),
            margins=True,
            needs_l2=True,
        ),
        SolvedClassifier(
            "ridge",
            "Ridge regression",
            "least squares to one target for each class; selects its L2 by leaving each training image out in turn",
            "ridge",
            _SELECTED,
            unused=_SELECTS_L2,
            effect=_LEFT_OUT,
        ),
        SolvedClassifier(
            "lda",
            "Linear discriminant analysis",
            "assumes that classes differ in their means alone, and shrinks their common covariance (Ledoit-Wolf), so that few images "
            "suffice",
            "discriminant",
            "It shrinks the covariance of the features as far as the training images call for (Ledoit-Wolf); there is nothing to set.",
            unused={"head.l2": "{name} computes its shrinkage from the training images"},
            effect=(
                "Shrinkage",
                "The covariance of the features is drawn towards a multiple of the identity (Ledoit-Wolf).",
            ),
        ),
        SolvedClassifier(
            "nearest-mean",
            "Nearest class mean",
            "the class whose mean is nearest; hardly anything to fit, so a baseline, and hard to beat with a few images per class",
            "nearest_mean",
            "It learns one mean per class and nothing else, too little to overfit with; there is nothing to set.",
            unused={"head.l2": "{name} has no weights to penalise"},
        ),
        SolvedClassifier(
            "random-projection",
            "Random projection and ridge",
            "ridge on a fixed random layer with ReLU, which separates classes that no linear classifier on the features does (RanPAC)",
            "random_projection",
            f"{_SELECTED} The fewer units its projection has (Head), the less it can fit.",
            uses=("head.projection_units",),
            unused=_SELECTS_L2,
            effect=_LEFT_OUT,
            projects=True,
        ),
    ),
)
"""Classifiers that are solved in closed form or by convex minimisation; they have one epoch and no learning rate."""

CLOSED_FORM = tuple(row.name for row in SOLVED if "head.l2" not in row.uses)
"""Those without a penalty to set: the training images select all that there is to select."""

HELP = " ".join(f"{row.name}: {row.help}." for row in SOLVED)
"""A sentence about each."""
