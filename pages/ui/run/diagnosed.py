"""The diagnosis of a run, for its page: only new outputs are read, and it is made anew only after some more epochs."""

from __future__ import annotations

from dataclasses import dataclass

from pages.ui.common.run_view import RunView
from pages.ui.run.kept import LatestOfRuns, OutputReaders
from tl_core import store
from tl_core.diagnosis import Diagnosis, diagnose
from tl_core.diagnosis.images import ImageHistory, ImageKind, image_histories
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState
from tl_core.store import Epochs, EvaluatedSplit, Outputs, Run

SHARE = 20
"""While a run trains, it is diagnosed again after another 20th of its epochs: each time costs a tenth of a second, with many epochs more."""

_READ, _MOST = 256 * 2**20, 32
"""Bytes of outputs, and of how many runs diagnoses and histories of images are kept, for all visitors."""

Histories = dict[ImageKind, tuple[ImageHistory, ...]]


@dataclass(frozen=True)
class _Key:
    """What the diagnosis of a run depends on. The outputs are not in it, as what is kept would keep them in memory."""

    epochs: int
    told: str


@dataclass(frozen=True)
class _Asked:
    key: _Key
    spec: ExperimentSpec
    state: RunState
    records: Epochs
    outputs: tuple[Outputs, Outputs]


_readers = OutputReaders(_READ)
_diagnoses: LatestOfRuns[Diagnosis] = LatestOfRuns(_MOST)
_histories: LatestOfRuns[Histories] = LatestOfRuns(_MOST)


def diagnosis_of(view: RunView) -> Diagnosis | None:
    """The diagnosis of a run after its latest epochs; None before the first epoch (unless it diverged in it), or if its settings cannot be read.

    Raises:
        Damaged: the outputs cannot be read.
    """
    asked = _asked(view)
    if asked is None:
        return None
    return _diagnoses.get(view.run, asked.key, lambda: diagnose(asked.spec, asked.state, asked.records, *asked.outputs))


def histories_of(view: RunView) -> tuple[int, Histories]:
    """After how many epochs, and the images of each kind; see `image_histories`. Raises: see `diagnosis_of`."""
    asked = _asked(view)
    if asked is None:
        return 0, {}
    found = _histories.get(view.run, asked.key, lambda: image_histories(*asked.outputs, _keys(view.run)))
    return asked.key.epochs, found


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
    if view.spec is None or not (view.records or view.state.diverged):
        return None
    running = view.status == store.RUNNING
    outputs = _readers.of(view.run, "val").read(), _readers.of(view.run, "train_eval").read()
    epochs = len(view.records)
    if running:  # An epoch may be being written.
        epochs = after(min([epochs, *(found.epochs for found in outputs if found.epochs)]), running)
    seen, trained = (found[:epochs] for found in outputs)
    records = view.records if epochs == len(view.records) else view.records[:epochs]
    return _Asked(_Key(epochs, _told(view)), view.spec, view.state, records, (seen, trained))


def _told(view: RunView) -> str:
    """What besides epochs a diagnosis depends on: the state, and the end of the run, which may have been replaced on resume."""
    last = view.records[-1] if view.records and view.status != store.RUNNING else None
    return f"{view.status} {view.state.classes} {view.state.images} {view.state.exported_epoch} {view.message} {last}"


def _keys(run: Run) -> dict[EvaluatedSplit, tuple[str, ...]]:
    return {split: store.read_image_keys(run, split) for split in store.EVALUATED_SPLITS}
