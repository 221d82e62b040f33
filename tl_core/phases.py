"""The phases of a run: stretches of epochs in which the same layers train."""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import last_frozen, used_cuts
from tl_core.spec import ExperimentSpec

SOLVED = ("logistic-regression", "linear-svm")
"""Classifiers that scikit-learn solves at once; they have one epoch and no learning rate."""


@dataclass(frozen=True)
class Phase:
    """One stretch.

    Attributes:
        name: "head", "fine-tune" or "solve".
        first, last: Its epochs, counted from 1 over the whole run, both included.
        frozen: The last block that keeps its weights; None where all train.
        backbone_rate: The learning rate of thawed layers; None where there are none.
    """

    name: str
    first: int
    last: int
    frozen: str | None
    head_rate: float
    backbone_rate: float | None

    @property
    def epochs(self) -> int:
        return self.last - self.first + 1


def phases(spec: ExperimentSpec) -> tuple[Phase, ...]:
    """What a run does, in order."""
    backbone, train = BACKBONES[spec.backbone.name], spec.train
    top = used_cuts(backbone, spec.backbone.output)[-1]
    frozen = last_frozen(backbone, spec.backbone.freeze, spec.backbone.output)
    if spec.head.classifier in SOLVED:
        return (Phase("solve", 1, 1, top, train.learning_rate, None),)
    if frozen == top:
        return (Phase("head", 1, train.epochs, top, train.learning_rate, None),)
    alone = (Phase("head", 1, train.head_epochs, top, train.learning_rate, None),) if train.head_epochs else ()
    first, last = train.head_epochs + 1, train.head_epochs + train.epochs
    return (*alone, Phase("fine-tune", first, last, frozen, train.learning_rate, train.backbone_learning_rate))


def total_epochs(spec: ExperimentSpec) -> int:
    """The epochs of the whole run."""
    return phases(spec)[-1].last


def trains_from_features(spec: ExperimentSpec, phase: Phase) -> bool:
    """True where training reads stored features: the frozen layers always see the same pixels."""
    return phase.frozen is not None and not spec.augment and spec.train.feature_cache == "auto"


def validates_from_features(spec: ExperimentSpec, phase: Phase) -> bool:
    """True where validation and the clean training curve read stored features: they are never augmented."""
    return phase.frozen is not None and spec.train.feature_cache == "auto"
