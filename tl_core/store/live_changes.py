"""Settings of a run that are changed while it trains: asked for by anyone, recorded by whoever trains it.

adjust.json       asked for, not yet in force; anyone writes it, the last one counts (adjust.taken.json while it is put in force)
adjustments.json  in force, each from an epoch on; written before that epoch begins, so that a resumed run has them at the same one
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
from tl_core.store.run import FINISHED, RUNNING, Run, read_spec
from tl_core.store.state import read_state

ADJUSTABLE = ("head.dropout", "train.learning_rate", "train.backbone_learning_rate", "augment")
"""What may change while a run trains: neither the layers nor what is frozen."""


def ask(run: Run, values: Mapping[str, Any]) -> None:
    """Asks that settings count from the next epoch on; of nothing, takes back what was asked for and is not yet in force.

    Raises:
        BadInput: for a setting that cannot change while a run trains, a value that is not allowed, or a run that has no next epoch.
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
        raise BadInput.of(
            "run", "has no epoch left that this could count in", "Fork it, and train on with other settings."
        )
    write_json(run.folder / "adjust.json", dict(values))


def has_next_epoch(run: Run) -> bool:
    """True where an epoch follows the one in flight, or a run that rests has one left; also where nothing is known yet."""
    state = read_state(run)
    begun = state.epoch + (state.status == RUNNING)
    return state.status != FINISHED and begun < (state.epochs or sys.maxsize)


def asked(run: Run) -> dict[str, Any] | None:
    """What is asked for and not yet in force. Raises BadInput where the file is damaged."""
    file = run.folder / "adjust.json"
    try:
        values = read_json(file)
    except FileNotFoundError:
        return None
    if not isinstance(values, dict):
        raise _damaged(file)
    return values


def adjustments(run: Run) -> tuple[LiveChange, ...]:
    """What is in force, in the order of the epochs. Raises BadInput where the file is damaged."""
    file = run.folder / "adjustments.json"
    try:
        found = tuple(LiveChange(**entry) for entry in read_json(file))
    except FileNotFoundError:
        return ()
    except TypeError:
        raise _damaged(file) from None
    if not all(isinstance(entry.epoch, int) and isinstance(entry.values, dict) for entry in found):
        raise _damaged(file)
    return found


def put_in_force(run: Run, epoch: int) -> LiveChange | None:
    """Records what is asked for as counting from an epoch on; None where nothing is. Only for whoever trains the run.

    Raises:
        BadInput: where a file is damaged, or asks for what is not allowed: somebody else than `ask` wrote it.
    """
    taken = run.folder / "adjust.taken.json"
    if not taken.exists():  # A process that was killed may have left one.
        try:
            # Taken before it is read: what is asked for after this moment is for the next epoch.
            (run.folder / "adjust.json").rename(taken)
        except FileNotFoundError:
            return None
    made = LiveChange(epoch, _allowed(run, taken))
    # Killed before the request is gone, a process finds it again: it counts once.
    before = [entry for entry in adjustments(run) if entry != made]
    write_json(run.folder / "adjustments.json", [asdict(entry) for entry in (*before, made)])
    taken.unlink()
    return made


def _allowed(run: Run, file: Path) -> dict[str, Any]:
    values = read_json(file)
    if not isinstance(values, dict):
        raise _damaged(file)
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
    """The run's settings with all that was changed since."""
    spec = read_spec(run)
    for adjustment in adjustments(run):
        spec = spec.with_values(adjustment.values)
    return spec


def _damaged(file: Path) -> BadInput:
    return BadInput.of(
        str(file), "is damaged", "Restore it, or delete it: the settings are then those the run began with."
    )
