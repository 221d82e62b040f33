"""The diagnosis of a run, for its page: only new outputs are read, and it is made anew only after some more epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pages.ui.common.run_view import RunView
from tl_core import store
from tl_core.diagnosis import Diagnosis, diagnose
from tl_core.diagnosis.images import ImageHistory, ImageKind, image_histories
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState
from tl_core.store import Epochs, EvaluatedSplit, Outputs, OutputsReader, Run

SHARE = 20
"""While a run trains, it is diagnosed again after another 20th of its epochs: each time costs a tenth of a second, with many epochs more."""

_RUNS, _KEPT, _FEW = 16, 64, 4
"""Of how many runs outputs, diagnoses and histories of images are kept, for all visitors."""


@dataclass(frozen=True)
class _Asked:
    """A run after so many epochs; two that are equal have the same diagnosis."""

    run: Run
    epochs: int
    running: bool
    digest: str
    spec: ExperimentSpec = field(compare=False)
    state: RunState = field(compare=False)
    records: Epochs = field(compare=False)
    outputs: tuple[Outputs, Outputs] = field(compare=False)


def diagnosis_of(view: RunView) -> Diagnosis | None:
    """The diagnosis of a run after its latest epochs; None before the first epoch, or if its settings cannot be read.

    Raises:
        Damaged: the outputs cannot be read.
    """
    asked = _asked(view)
    return _diagnosis(asked) if asked else None


def histories_of(view: RunView) -> tuple[int, dict[ImageKind, tuple[ImageHistory, ...]]]:
    """After how many epochs, and the images of each kind; see `image_histories`. Raises: see `diagnosis_of`."""
    asked = _asked(view)
    return (asked.epochs, _histories(asked)) if asked else (0, {})


def onset_of(view: RunView) -> Diagnosis | None:
    """The diagnosis, where curves show it: None if outputs cannot be read, which its own place says."""
    try:
        return diagnosis_of(view)
    except BadInput:
        return None


def after(epochs: int, running: bool) -> int:
    """The epoch up to which a run with so many epochs is looked at: all, or while it trains, so that not every epoch costs."""
    return epochs - epochs % max(1, epochs // SHARE) if running else epochs


def _asked(view: RunView) -> _Asked | None:
    if view.spec is None or not view.records:
        return None
    running = view.status == store.RUNNING
    outputs = _reader(view.run, "val").read(), _reader(view.run, "train_eval").read()
    known = min([len(view.records), *(found.epochs for found in outputs if found.epochs)])
    epochs = after(known, running)
    seen = outputs[0] if not outputs[0].epochs else _until(outputs[0], epochs)
    trained = outputs[1] if not outputs[1].epochs else _until(outputs[1], epochs)
    records = view.records if epochs == len(view.records) else view.records[:epochs]
    return _Asked(view.run, epochs, running, _told(view), view.spec, view.state, records, (seen, trained))


def _told(view: RunView) -> str:
    """What besides epochs a diagnosis depends on: the state, and the end of the run, which may have been replaced on resume."""
    last = view.records[-1] if view.status != store.RUNNING else None
    return f"{view.status} {view.state.classes} {view.state.images} {view.state.exported_epoch} {view.message} {last}"


def _until(outputs: Outputs, epochs: int) -> Outputs:
    until = slice(epochs)
    return Outputs(outputs.labels, outputs.predicted[until], outputs.true_probability[until], outputs.loss[until])


@lru_cache(maxsize=_RUNS)
def _reader(run: Run, split: EvaluatedSplit) -> OutputsReader:
    return OutputsReader(run, split)


@lru_cache(maxsize=_KEPT)
def _diagnosis(asked: _Asked) -> Diagnosis:
    return diagnose(asked.spec, asked.state, asked.records, *asked.outputs)


@lru_cache(maxsize=_FEW)
def _histories(asked: _Asked) -> dict[ImageKind, tuple[ImageHistory, ...]]:
    keys: dict[EvaluatedSplit, Sequence[str]] = {
        split: store.read_image_keys(asked.run, split) for split in store.EVALUATED_SPLITS
    }
    return image_histories(*asked.outputs, keys)
