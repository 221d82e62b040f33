"""How many optimiser steps a run had taken by the end of each epoch: an axis on which runs of other batch sizes compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.steps import steps_per_epoch
from tl_core.records import RunState
from tl_core.store.epochs import Epochs
from tl_core.store.run import Run, read_spec
from tl_core.store.state import read_state


@dataclass(frozen=True)
class _Trainer:
    """The run that trained some epochs; the number of training images is None if unknown."""

    spec: ExperimentSpec
    images: int | None

    @property
    def steps(self) -> float:
        return np.nan if self.images is None else steps_per_epoch(self.spec, self.images)


def cumulative_steps(run: Run, spec: ExperimentSpec, state: RunState, epochs: Epochs) -> np.ndarray:
    """Optimiser steps up to the end of each epoch: float64, shape (epochs,); NaN if the number of training images is unknown.

    The batch size cannot change during a run, but a fork may have another one than its parent: inherited epochs count the steps of the run that
    trained them, or of this one if that run can no longer be read.
    """
    own = _Trainer(spec, state.images.get("train"))
    counts = np.full(len(epochs), own.steps)
    parents: dict[str, _Trainer] = {}
    for place in range(epochs.inherited):
        name = epochs[place].inherited_from
        if name not in parents:
            parents[name] = _trainer(Run(run.folder.with_name(name)), own)
        counts[place] = parents[name].steps
    return np.cumsum(counts)


def _trainer(run: Run, otherwise: _Trainer) -> _Trainer:
    try:
        return _Trainer(read_spec(run), read_state(run).images.get("train"))
    except (BadInput, OSError):
        return otherwise
