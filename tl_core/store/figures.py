"""The figures of a run: those of the epoch whose network it exports. Pages and command line show these and no others beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Accuracy
from tl_core.records import EpochRecord, RunState
from tl_core.store.epochs import Epochs, read_epochs
from tl_core.store.run import Run, read_spec
from tl_core.store.state import read_state

Role = Literal["best", "last", "exported"]

_ROLES: dict[Role, str] = {"best": "Best epoch", "last": "Last epoch", "exported": "Exported epoch"}


@dataclass(frozen=True)
class EpochFigures:
    """What was measured after one epoch.

    Attributes:
        accuracy, loss: On the validation images.
        gap: Clean training accuracy minus validation accuracy; None if one is unknown.
        metrics: (name, value) of all its metrics.
    """

    epoch: int
    accuracy: Accuracy
    loss: float
    gap: float | None
    metrics: tuple[tuple[str, float], ...]

    def value(self, name: str) -> float | None:
        """A metric by its name; None if the epoch does not have it."""
        return dict(self.metrics).get(name)


@dataclass(frozen=True)
class RunFigures:
    """The figures of a run, of its own epochs only.

    Attributes:
        exported: At the epoch that is exported; before that, at the one that would be exported now.
        role: Why that epoch: the best by `train.best`; the last, if `stopping.restore_best` is off; or exported in place of a damaged one.
        latest: At the latest epoch.
        highest: At the epoch of the highest validation accuracy, which is optimistic: for an explanation only.
        test: Of the exported network on the test images; None if it was not measured.
        validation: See `validation_images`: runs of other images are not comparable.
    """

    exported: EpochFigures
    role: Role
    latest: EpochFigures
    highest: EpochFigures
    test: Accuracy | None
    validation: tuple[Any, ...]

    @property
    def title(self) -> str:
        """Such as "Best epoch"."""
        return _ROLES[self.role]


def run_figures(spec: ExperimentSpec | None, state: RunState, epochs: Epochs) -> RunFigures | None:
    """The figures of a run; None before its first own epoch.

    Args:
        spec: None if it cannot be read: the lowest validation loss is then the best.
    """
    chosen, highest = _exported(spec, state, epochs), epochs.best("val_accuracy")
    if chosen is None or highest is None or not all(map(_is_complete, (chosen[0], highest, epochs[-1]))):
        return None
    exported, role = chosen
    images = state.images.get("validation")
    return RunFigures(
        exported=_figures(exported, images),
        role=role,
        latest=_figures(epochs[-1], images),
        highest=_figures(highest, images),
        test=_test(state, exported.epoch),
        validation=validation_images(spec, state) if spec else (state.data,),
    )


def validation_images(spec: ExperimentSpec, state: RunState) -> tuple[Any, ...]:
    """What decides which images a run is validated on: first the images found, then how they were split."""
    data = spec.data
    split = data.validation_share, data.test_share, data.group_by, data.split_seed
    return state.data or data.source, *split


def read_figures(run: Run) -> RunFigures | None:
    """The figures of a run from its folder; raises BadInput if a file is damaged."""
    return run_figures(read_spec(run), read_state(run), read_epochs(run))


def leaders(runs: Sequence[RunFigures | None]) -> frozenset[int]:
    """The places of the runs with the highest validation accuracy at their exported epochs; none if they have different images."""
    known = {place: found for place, found in enumerate(runs) if found}
    if len({found.validation for found in known.values()}) != 1:
        return frozenset()
    highest = max(found.exported.accuracy.share for found in known.values())
    return frozenset(place for place, found in known.items() if found.exported.accuracy.share == highest)


def _exported(spec: ExperimentSpec | None, state: RunState, epochs: Epochs) -> tuple[EpochRecord, Role] | None:
    best = epochs.best(spec.train.best if spec else "val_loss")
    if best is None:
        return None
    wanted: tuple[EpochRecord, Role] = (best, "best")
    if spec and not spec.stopping.restore_best:
        wanted = epochs[-1], "last"
    done = epochs.at(state.exported_epoch) if state.exported_epoch is not None else None
    return wanted if done is None or done.epoch == wanted[0].epoch else (done, "exported")


def _test(state: RunState, epoch: int) -> Accuracy | None:
    # Earlier versions did not say which epoch they exported: it was this one.
    if state.test_accuracy is None or state.exported_epoch not in (None, epoch):
        return None
    return Accuracy(state.test_accuracy, state.images.get("test"))


def _is_complete(record: EpochRecord) -> bool:
    return {"val_accuracy", "val_loss"} <= record.metrics.keys()


def _figures(record: EpochRecord, images: int | None) -> EpochFigures:
    accuracy = Accuracy(record.metrics["val_accuracy"], images)
    return EpochFigures(record.epoch, accuracy, record.metrics["val_loss"], record.gap, tuple(record.metrics.items()))
