"""The phases of a run: stretches of epochs in which the same layers train, with the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import last_frozen, used_cuts
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store.live_changes import LiveChange

SOLVED = ("logistic-regression", "linear-svm")
"""Classifiers that scikit-learn solves at once; they have one epoch and no learning rate."""


@dataclass(frozen=True)
class Phase:
    """One stretch.

    Attributes:
        name: "head", "thaw 1" (a stage of gradual unfreezing), "fine-tune" or "solve"; where settings were changed while it ran,
            with the epoch from which they count: "fine-tune from 7".
        first, last: Its epochs, counted from 1 over the whole run, both included.
        frozen: The last block that keeps its weights; None where all train.
        backbone_rate: The learning rate of thawed layers; None where there are none.
        spec: The settings that count in it.
        schedule_span: The first and the last epoch the learning rate's schedule runs over: those of the phase before it was changed.
    """

    name: str
    first: int
    last: int
    frozen: str | None
    head_rate: float
    backbone_rate: float | None
    spec: ExperimentSpec = field(repr=False)
    schedule_span: tuple[int, int]

    @property
    def epochs(self) -> int:
        return self.last - self.first + 1


def phases(spec: ExperimentSpec, adjustments: Sequence[LiveChange] = ()) -> tuple[Phase, ...]:
    """What a run does, in order; a fork's first epoch is the one after that it starts from."""
    planned = _planned(spec)
    for adjustment in adjustments:
        planned = [part for phase in planned for part in _adjusted(phase, adjustment)]
    return tuple(planned)


def total_epochs(spec: ExperimentSpec) -> int:
    """The last epoch of the whole run."""
    return phases(spec)[-1].last


def trains_from_features(spec: ExperimentSpec, phase: Phase) -> bool:
    """True where training reads stored features: the frozen layers see the same pixels, or a few views in turn."""
    stays = not spec.augment or spec.train.views > 0
    return phase.frozen is not None and stays and spec.train.feature_cache == "auto"


def validates_from_features(spec: ExperimentSpec, phase: Phase) -> bool:
    """True where validation and the clean training curve read stored features: they are never augmented."""
    return phase.frozen is not None and spec.train.feature_cache == "auto"


def _planned(spec: ExperimentSpec) -> list[Phase]:
    if spec.head.classifier in SOLVED:
        return [_phase(spec, "solve", 1, "all", None)]
    top = used_cuts(BACKBONES[spec.backbone.name], spec.backbone.output)[-1]
    depths = [("head", spec.train.head_epochs, "all", None), *_stages(spec)]
    last = "head" if _frozen(spec, spec.backbone.freeze) == top and len(depths) == 1 else "fine-tune"
    depths.append((last, spec.train.epochs, spec.backbone.freeze, spec.train.backbone_learning_rate))
    if last == "head":  # Nothing thaws: epochs of the head alone would be more of the same.
        depths = depths[1:]
    made: list[Phase] = []
    for name, epochs, freeze, rate in depths:
        if epochs:
            phase = _phase(spec, name, epochs, freeze, rate)
            first = made[-1].last + 1 if made else (spec.start.epoch or 0) + 1
            ends = first + epochs - 1
            made.append(replace(phase, first=first, last=ends, schedule_span=(first, ends)))
    return made


def _stages(spec: ExperimentSpec) -> Iterator[tuple[str, int, str, float | None]]:
    for number, stage in enumerate(spec.train.stages, 1):
        yield f"thaw {number}", stage.epochs, stage.freeze, stage.rate or spec.train.backbone_learning_rate


def _phase(spec: ExperimentSpec, name: str, epochs: int, freeze: str, rate: float | None) -> Phase:
    frozen = _frozen(spec, freeze)
    top = used_cuts(BACKBONES[spec.backbone.name], spec.backbone.output)[-1]
    thawed = None if frozen == top else rate
    return Phase(name, 1, epochs, frozen, spec.train.learning_rate, thawed, spec, (1, epochs))


def _frozen(spec: ExperimentSpec, freeze: str) -> str | None:
    return last_frozen(BACKBONES[spec.backbone.name], freeze, spec.backbone.output)


def _adjusted(phase: Phase, adjustment: LiveChange) -> Iterator[Phase]:
    """A phase before and after an adjustment of its settings."""
    if phase.last < adjustment.epoch:
        yield phase
        return
    if phase.first < adjustment.epoch:
        yield replace(phase, last=adjustment.epoch - 1)
    spec = phase.spec.with_values(adjustment.values)
    first = max(phase.first, adjustment.epoch)
    # A stage's own rate stays; the run's rates are those that were changed.
    own = phase.backbone_rate not in (None, phase.spec.train.backbone_learning_rate)
    rate = phase.backbone_rate if own or phase.backbone_rate is None else spec.train.backbone_learning_rate
    name = phase.name.partition(" from ")[0]
    yield replace(
        phase,
        name=f"{name} from {first}" if first > phase.schedule_span[0] else name,
        first=first,
        head_rate=spec.train.learning_rate,
        backbone_rate=rate,
        spec=spec,
    )
