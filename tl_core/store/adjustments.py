"""Settings of a run that are changed while it trains: asked for by anyone, recorded by whoever trains it.

adjust.json       asked for, not yet in force; anyone writes it, the last one counts
adjustments.json  in force, each from an epoch on; written before that epoch begins, so that a resumed run has them at the same one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tl_core.errors import BadInput
from tl_core.files import read_json, write_json
from tl_core.spec import ExperimentSpec
from tl_core.store.run import Run, read_spec

ADJUSTABLE = ("head.dropout", "train.learning_rate", "train.backbone_learning_rate", "augment")
"""What may change while a run trains: neither the layers nor what is frozen."""


@dataclass(frozen=True)
class Adjustment:
    """Settings, by path, that count from an epoch on."""

    epoch: int
    values: Mapping[str, Any]


def ask(run: Run, values: Mapping[str, Any]) -> None:
    """Asks that settings count from the next epoch on.

    Raises:
        BadInput: for a setting that cannot change while a run trains, or a value that is not allowed.
    """
    for path in values:
        if path not in ADJUSTABLE:
            raise BadInput.of(
                path, "cannot change while a run trains", f"Fork the run, or change {', '.join(ADJUSTABLE)}."
            )
    current_spec(run).with_values(values)
    write_json(run.folder / "adjust.json", dict(values))


def asked(run: Run) -> dict[str, Any] | None:
    """What is asked for and not yet in force."""
    try:
        return dict(read_json(run.folder / "adjust.json"))
    except FileNotFoundError:
        return None


def adjustments(run: Run) -> tuple[Adjustment, ...]:
    """What is in force, in the order of the epochs. Raises BadInput where the file is damaged."""
    try:
        return tuple(Adjustment(**entry) for entry in read_json(run.folder / "adjustments.json"))
    except FileNotFoundError:
        return ()


def put_in_force(run: Run, epoch: int) -> Adjustment | None:
    """Records what is asked for as counting from an epoch on; None where nothing is. Only for whoever trains the run."""
    values = asked(run)
    if values is None:
        return None
    made = Adjustment(epoch, values)
    write_json(run.folder / "adjustments.json", [asdict(entry) for entry in (*adjustments(run), made)])
    (run.folder / "adjust.json").unlink()
    return made


def current_spec(run: Run) -> ExperimentSpec:
    """The run's settings with all that was changed since."""
    spec = read_spec(run)
    for adjustment in adjustments(run):
        spec = spec.with_values(adjustment.values)
    return spec
