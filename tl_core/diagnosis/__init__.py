"""The diagnosis of a run: what is wrong with it, since when, how sure that is, and what to try. docs/diagnosis.md explains it.

`diagnose` is a pure function of a run's records and outputs; nothing here trains or evaluates a network.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tl_core import store
from tl_core.diagnosis.observed import Observed
from tl_core.diagnosis.remedies import REMEDIES, Remedy, anew, proposals
from tl_core.diagnosis.types import (
    Diagnosis,
    Evidence,
    Finding,
    GapLadder,
    Proposal,
    Rung,
    Turn,
)
from tl_core.diagnosis.verdicts import VERDICTS, Verdict
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import RunState, Status
from tl_core.store import Epochs, Outputs, Run

__all__ = [
    "REMEDIES",
    "VERDICTS",
    "Diagnosis",
    "Evidence",
    "Finding",
    "GapLadder",
    "Proposal",
    "Remedy",
    "Rung",
    "Turn",
    "Verdict",
    "anew",
    "diagnose",
    "proposals",
    "read_diagnosis",
]


def diagnose(
    spec: ExperimentSpec,
    state: RunState,
    records: Epochs,
    validation: Outputs,
    training: Outputs,
    twins: np.ndarray | None = None,
) -> Diagnosis:
    """The diagnosis of a run, at any time, of a fork that of its own epochs. The same arguments give the same diagnosis.

    Args:
        validation, training: Outputs on the validation images, and on the training images of train_eval; without epochs if unknown.
        twins: Whether each validation image has a near-twin among the training images: bool, shape (images,); None if no one looked.
    """
    running = state.status in (Status.RUNNING, Status.QUEUED)
    if running and 0 < validation.epochs < len(records):  # An epoch is being written.
        records = records[: validation.epochs]
    before = records.inherited
    if before:
        records, validation, training = records[before:], validation[before:], training[before:]
    if not records:
        found = (Finding("diverged", (Evidence("epochs", 0, "count"),)),) if state.diverged else ()
        return Diagnosis(0, 0, running, before, findings=found)
    seen = Observed(spec, state, records, validation, training, twins, running, before)
    images = seen.losses.images if seen.losses else 0
    whole = Diagnosis(seen.epochs, images, running, before, turn=seen.turn, lowest=seen.lowest, ladder=seen.ladder)
    held = ((row, row.holds(seen)) for row in VERDICTS)
    findings = tuple(Finding(row.name, evidence) for row, evidence in held if evidence is not None)
    return replace(whole, findings=findings, smallest_effect=seen.smallest_effect, lead=seen.lead)


def read_diagnosis(run: Run, twins: np.ndarray | None = None) -> Diagnosis:
    """The diagnosis of a run from its folder; raises BadInput if a file is damaged."""
    records, state = store.read_epochs(run), store.read_state(run)
    validation, training = (store.read_outputs(run, split) for split in store.EVALUATED_SPLITS)
    return diagnose(store.read_spec(run), state, records, validation, training, twins)
