"""The phases of a run: consecutive epochs in which the same layers train, with the same settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from tl_core.experiment.spec import ExperimentSpec

if TYPE_CHECKING:
    from tl_core.experiment.resolve import Experiment

PhaseKind = Literal["head", "thaw", "fine-tune", "solve"]
"""head: the head alone trains, with blocks above `backbone.keep`. thaw: a stage of gradual unfreezing. fine-tune: the last phase.
solve: a classifier solved in closed form."""


@dataclass(frozen=True)
class PhaseLabel:
    """The label of a phase.

    Attributes:
        stage: The number of a "thaw" phase, from 1; otherwise None.
        changed_at: The first epoch of a live change during the phase; None without one.
    """

    kind: PhaseKind
    stage: int | None = None
    changed_at: int | None = None

    @property
    def title(self) -> str:
        """Its title on pages and in files: "head", "thaw 1", "fine-tune from 7". Never parsed."""
        name = self.kind if self.stage is None else f"{self.kind} {self.stage}"
        return name if self.changed_at is None else f"{name} from {self.changed_at}"


@dataclass(frozen=True)
class LiveChange:
    """Settings, by path, changed during training, in force from an epoch on."""

    epoch: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Phase:
    """One phase.

    Attributes:
        first, last: Its epochs, counted from 1 over the whole run, both included.
        frozen: The last frozen block; None if all blocks train.
        backbone_rate: The learning rate of thawed layers; None if there are none.
        experiment: The settings in force.
        schedule_span: The first and the last epoch of the schedule: those of the phase before live changes; in a fork that continues a
            schedule, the first is an epoch of its parent.
    """

    label: PhaseLabel
    first: int
    last: int
    frozen: str | None
    head_rate: float
    backbone_rate: float | None
    experiment: Experiment = field(repr=False)
    schedule_span: tuple[int, int]

    @property
    def title(self) -> str:
        return self.label.title

    @property
    def spec(self) -> ExperimentSpec:
        return self.experiment.spec

    @property
    def epochs(self) -> int:
        return self.last - self.first + 1

    @property
    def thawed(self) -> tuple[str, ...]:
        """The blocks that train, from the input upwards."""
        return self.experiment.above(self.frozen)

    @property
    def stores_features(self) -> bool:
        """True if validation and train_eval read cached features; their images are never augmented."""
        return self.frozen is not None and self.spec.train.feature_cache == "auto"

    @property
    def trains_from_features(self) -> bool:
        """True if training reads cached features: of unaugmented images, or of stored views."""
        return self.stores_features and (not self.spec.augment or self.spec.train.views > 0)

    @property
    def stored_views(self) -> int:
        """Number of stored views of each training image; 0 if there are none."""
        return min(self.spec.train.views, self.epochs) if self.spec.augment and self.trains_from_features else 0


def planned(experiment: Experiment) -> tuple[Phase, ...]:
    """The phases of a run, in order; the first epoch of a fork is the one after its checkpoint.

    Raises:
        BadInput: a stage with an unknown block.
    """
    return tuple(part for phase in _as_set(experiment) for part in _with_changes(phase, experiment.changes))


def _with_changes(phase: Phase, changes: Iterable[LiveChange]) -> list[Phase]:
    parts = [phase]
    for change in changes:
        parts = [part for one in parts for part in _changed(one, change, phase.first)]
    return parts


@dataclass(frozen=True)
class _Depth:
    """A planned phase: epochs, freeze depth, and the rate of thawed layers."""

    label: PhaseLabel
    epochs: int
    freeze: str
    rate: float | None = None


def _as_set(experiment: Experiment) -> Iterator[Phase]:
    start = experiment.spec.start
    first = (start.epoch or 0) + 1
    schedule_first = start.schedule_from or first
    for depth in _depths(experiment):
        frozen, last = experiment.frozen_at(depth.freeze), first + depth.epochs - 1
        thawed = None if frozen == experiment.top else depth.rate
        rate = experiment.spec.train.learning_rate
        yield Phase(depth.label, first, last, frozen, rate, thawed, experiment, (schedule_first, last))
        first = schedule_first = last + 1


def _depths(experiment: Experiment) -> Iterator[_Depth]:
    train, freeze = experiment.spec.train, experiment.spec.backbone.freeze
    if experiment.solved:
        yield _Depth(PhaseLabel("solve"), 1, "all")
        return
    if experiment.frozen == experiment.top and not train.stages:
        # Nothing thaws: there is no separate phase of the head.
        yield _Depth(PhaseLabel("head"), train.epochs, freeze)
        return
    if train.head_epochs:
        # With `backbone.keep`, blocks with random weights train too.
        yield _Depth(PhaseLabel("head"), train.head_epochs, "all", train.backbone_learning_rate)
    for number, stage in enumerate(train.stages, 1):
        yield _Depth(PhaseLabel("thaw", number), stage.epochs, stage.freeze, stage.rate or train.backbone_learning_rate)
    yield _Depth(PhaseLabel("fine-tune"), train.epochs, freeze, train.backbone_learning_rate)


def _changed(phase: Phase, change: LiveChange, began: int) -> Iterator[Phase]:
    """A phase before and after a live change. began: its first epoch before any change."""
    if phase.last < change.epoch:
        yield phase
        return
    if phase.first < change.epoch:
        yield replace(phase, last=change.epoch - 1)
    experiment = phase.experiment.with_values(change.values)
    train, first = experiment.spec.train, max(phase.first, change.epoch)
    # A stage keeps its own rate; only the run's rates were changed.
    own = phase.backbone_rate not in (None, phase.spec.train.backbone_learning_rate)
    yield replace(
        phase,
        label=replace(phase.label, changed_at=first if first > began else None),
        first=first,
        head_rate=train.learning_rate,
        backbone_rate=phase.backbone_rate if own or phase.backbone_rate is None else train.backbone_learning_rate,
        experiment=experiment,
    )
