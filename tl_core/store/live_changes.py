"""Live changes of settings: requested by any process, recorded by the one that trains the run.

adjust.json       requested, not yet in force; the last request counts (adjust.taken.json while it is put in force)
adjustments.json  in force, each from an epoch on; written before that epoch begins, so that a resumed run applies them at the same one
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tl_core.errors import BadInput
from tl_core.experiment.phases import LiveChange
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json, write_json
from tl_core.records import typed
from tl_core.store.run import FINISHED, RUNNING, Run, read_spec
from tl_core.store.state import read_state

ADJUSTABLE = ("head.dropout", "train.learning_rate", "train.backbone_learning_rate", "augment")
"""Settings that can change while a run trains: neither the layers nor the freeze depth."""

REMEDY = "Restore it, or delete it to return to the initial settings."


def ask(run: Run, values: Mapping[str, Any]) -> None:
    """Requests settings from the next epoch on; with no values, withdraws a request that is not yet in force.

    Raises:
        BadInput: a setting that cannot change while a run trains, an invalid value, or a run without a next epoch.
    """
    if not values:
        (run.folder / "adjust.json").unlink(missing_ok=True)
        return
    for path in values:
        if path not in ADJUSTABLE:
            raise BadInput.of(
                path, "cannot change while a run trains", f"Fork the run, or change {', '.join(ADJUSTABLE)}."
            )
    current_spec(run).with_values(values)
    if not has_next_epoch(run):
        raise BadInput.of("run", "has no epoch left for this change", "Fork it with other settings.")
    write_json(run.folder / "adjust.json", dict(values))


def has_next_epoch(run: Run) -> bool:
    """True if another epoch follows, or nothing is known yet."""
    state = read_state(run)
    begun = state.epoch + (state.status == RUNNING)
    return state.status != FINISHED and begun < (state.epochs or sys.maxsize)


def asked(run: Run) -> dict[str, Any] | None:
    """The requested changes that are not yet in force. Raises Damaged if the file cannot be read."""
    try:
        return read_json(run.folder / "adjust.json", _changes, remedy=REMEDY)
    except FileNotFoundError:
        return None


def changes_in_force(run: Run) -> tuple[LiveChange, ...]:
    """The changes in force, in order of epochs. Raises Damaged if the file cannot be read."""
    try:
        return read_json(run.folder / "adjustments.json", _in_force, remedy=REMEDY)
    except FileNotFoundError:
        return ()


def _in_force(values: Any) -> tuple[LiveChange, ...]:
    return tuple(LiveChange(typed(int, entry["epoch"]), _changes(entry["values"])) for entry in values)


def _changes(values: Any) -> dict[str, Any]:
    """Settings by path that may change while a run trains, with valid values; raises ValueError or BadInput otherwise."""
    if not isinstance(values, dict) or (others := values.keys() - set(ADJUSTABLE)):
        raise ValueError(
            f"it changes {', '.join(sorted(others))}" if isinstance(values, dict) else "it holds no settings"
        )
    ExperimentSpec().with_values(values)
    return values


def put_in_force(run: Run, epoch: int) -> LiveChange | None:
    """Puts requested changes in force from an epoch on; None if there are none. Only for the process that trains the run.

    Raises:
        BadInput: a file is damaged, or requests what is not allowed, which `ask` would not have written.
    """
    taken = run.folder / "adjust.taken.json"
    if not taken.exists():  # A killed process may have left one.
        try:
            # Renamed before it is read: later requests are for the next epoch.
            (run.folder / "adjust.json").rename(taken)
        except FileNotFoundError:
            return None
    made = LiveChange(epoch, _allowed(run, taken))
    # After a kill before the request is removed, it is found again, and must count once.
    before = [entry for entry in changes_in_force(run) if entry != made]
    write_json(run.folder / "adjustments.json", [asdict(entry) for entry in (*before, made)])
    taken.unlink()
    return made


def _allowed(run: Run, file: Path) -> dict[str, Any]:
    values: dict[str, Any] = read_json(file, dict, remedy=REMEDY)
    if others := values.keys() - set(ADJUSTABLE):
        raise BadInput.of(str(file), f"asks to change {', '.join(sorted(others))}", "Correct or delete it, and resume.")
    try:
        current_spec(run).with_values(values)
    except BadInput as error:
        raise BadInput.of(
            str(file), f"asks for what is not allowed ({error})", "Correct or delete it, and resume."
        ) from None
    return values


def current_spec(run: Run) -> ExperimentSpec:
    """The run's settings with all live changes."""
    spec = read_spec(run)
    for adjustment in changes_in_force(run):
        spec = spec.with_values(adjustment.values)
    return spec
