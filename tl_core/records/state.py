"""The state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tl_core.metrics import of_split
from tl_core.records.values import MALFORMED, typed, types_of

_ADVICE = ("; resume goes on from the last epoch.", " Resume goes on from the last epoch.", "; resume starts it.")
"""Endings of messages stored by earlier versions; advice is not part of the state."""


class Status(StrEnum):
    """The states of a run. interrupted: its process died; it can be resumed like a stopped or failed run."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True)
class PlannedPhase:
    """A phase of a run: its epochs, both included, and the seconds it is expected to take."""

    first: int
    last: int
    seconds: float


@dataclass(frozen=True)
class Environment:
    """What figures depend on besides the settings.

    Attributes:
        training: The version of how the lab trains: see `TRAINING_VERSION` of `engine.training.phase_loop`. 1 where none was recorded.
    """

    packages: Mapping[str, str]
    python: str
    device: str
    cores: int | None
    training: int = 1


@dataclass(frozen=True)
class EarlyStop:
    """The epoch after which a rule ended training, and why."""

    epoch: int
    reason: str = ""


@dataclass(frozen=True)
class ForkOrigin:
    """The parent run and epoch of a fork, and the parent's title at the time."""

    run: str
    epoch: int
    title: str


@dataclass(frozen=True)
class RunState:
    """The state of a run: runs/<id>/state.json.

    Attributes:
        message: The reason of the status, as a sentence; may be empty.
        title_by_hand: Whether you gave the title; None in runs of earlier versions, which did not store it.
        created, started: When the run was created, and when a process last began to train it, in seconds since 1970.
        pid, process_started: The process that trains or created it; see `store.processes`.
        seconds: Training time over all processes.
        epoch, epochs: Completed and planned epochs.
        phases: The planned phases, for the time left.
        best_epoch, best_metrics: The best epoch by `train.best`, and its metrics on the validation images.
        images: Numbers of images by part: "train", "validation", "test".
        skipped: Files that were left out.
        data, weights: Fingerprints of the images and the pretrained weights.
        on_request: Whether a stopped run was asked to stop by itself, rather than ended with its process.
        diverged: Whether training ended because a loss was NaN or infinite.
        export_failure: Why the last export on request failed, as a sentence; empty if it did not.
        malformed: Fields whose stored values have the wrong type and so are at their defaults; not stored. The status, if the
            file cannot be read.
    """

    status: Status
    message: str = ""
    title: str = ""
    title_by_hand: bool | None = None
    created: float | None = None
    pid: int | None = None
    process_started: float | None = None
    started: float | None = None
    seconds: float | None = None
    epoch: int = 0
    epochs: int | None = None
    phases: tuple[PlannedPhase, ...] = ()
    best_epoch: int | None = None
    best_metrics: Mapping[str, float] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
    classes: int | None = None
    skipped: int = 0
    loss_name: str = "cross-entropy"
    data: str | None = None
    weights: str | None = None
    environment: Environment | None = None
    stopped_early: EarlyStop | None = None
    on_request: bool = False
    diverged: bool = False
    exported_epoch: int | None = None
    export_failure: str = ""
    test_accuracy: float | None = None
    test_loss: float | None = None
    forked_from: ForkOrigin | None = None
    malformed: tuple[str, ...] = ()

    @property
    def damage(self) -> str:
        """A sentence that says what of state.json cannot be read; empty if nothing is damaged."""
        if "status" in self.malformed:
            return self.message
        return f"state.json is damaged ({', '.join(self.malformed)})." if self.malformed else ""

    def to_json(self) -> dict[str, Any]:
        """The known fields, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None and name != "malformed"}

    @classmethod
    def from_json(cls, values: Any) -> RunState:
        """The state from JSON values. Unknown names are ignored; any field but the status may be missing or malformed.

        Raises:
            ValueError: there is no status.
        """
        if not isinstance(values, dict) or values.get("status") not in list(Status):
            raise ValueError("it has no status")
        if "best_metrics" not in values:  # An earlier version wrote them beside the other fields.
            values = {
                **values,
                "best_metrics": {row.name: values[row.name] for row in of_split("val") if row.name in values},
            }
        types = types_of(cls)
        found: dict[str, Any] = {}
        malformed = []
        for name in types.keys() & values.keys() - {"malformed"}:
            try:
                found |= {} if values[name] is None else {name: typed(types[name], values[name])}
            except MALFORMED:
                malformed.append(name)
        found["message"] = _without_advice(found.get("message", ""))
        return cls(**found, malformed=tuple(sorted(malformed)))


def _without_advice(message: str) -> str:
    end = next((end for end in _ADVICE if message.endswith(end)), "")
    return f"{message.removesuffix(end).rstrip('.')}." if end else message
