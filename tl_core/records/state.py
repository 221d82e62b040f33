"""How far a run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tl_core.records.values import MALFORMED, typed, types_of

_ADVICE = ("; resume goes on from the last epoch.", " Resume goes on from the last epoch.", "; resume starts it.")
"""Ends of messages that earlier versions stored; what can be done about a run is no part of its state."""


class Status(StrEnum):
    """What a run can be. interrupted: its process died; like a stopped or failed run it can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True)
class PlannedPhase:
    """A phase of a run: its epochs, both included, and the seconds it is expected to take."""

    name: str
    first: int
    last: int
    seconds: float


@dataclass(frozen=True)
class Environment:
    """What a figure depends on beside the settings."""

    packages: Mapping[str, str]
    python: str
    device: str
    cores: int | None


@dataclass(frozen=True)
class EarlyStop:
    """The epoch after which a rule ended training, and why."""

    epoch: int
    reason: str = ""


@dataclass(frozen=True)
class ForkOrigin:
    """The run and epoch a fork goes on from, and what that run was called then."""

    run: str
    epoch: int
    title: str


@dataclass(frozen=True)
class RunState:
    """How far a run is: runs/<id>/state.json.

    Attributes:
        message: What happened, as a sentence; empty where there is nothing to say.
        created, started: When the run was made, and when a process last began to train it: seconds since 1970.
        pid, process_started: The process that trains it, or made it; see `store.processes`.
        seconds: How long it has been trained, over all processes.
        epoch, epochs: Those done, and those it will have.
        phases: What is planned, for the time left.
        best_epoch, val_loss, val_accuracy: The best epoch by `train.best`, and its figures.
        images: How many train, validate and test: "train", "validation", "test".
        skipped: Files that could not be read.
        data, weights: Fingerprints of the images and the pretrained weights.
        malformed: Fields whose stored values are of another type, and so are left at their defaults; not stored.
    """

    status: Status
    message: str = ""
    title: str = ""
    created: float | None = None
    pid: int | None = None
    process_started: float | None = None
    started: float | None = None
    seconds: float | None = None
    epoch: int = 0
    epochs: int | None = None
    phase: str = ""
    phases: tuple[PlannedPhase, ...] = ()
    best_epoch: int | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    images: Mapping[str, int] = field(default_factory=dict)
    classes: int | None = None
    skipped: int = 0
    loss_name: str = "cross-entropy"
    data: str | None = None
    weights: str | None = None
    environment: Environment | None = None
    stopped_early: EarlyStop | None = None
    exported_epoch: int | None = None
    test_accuracy: float | None = None
    test_loss: float | None = None
    forked_from: ForkOrigin | None = None
    malformed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields that are known, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None and name != "malformed"}

    @classmethod
    def from_json(cls, values: Any) -> RunState:
        """The state that JSON values hold. Names it does not know are passed over; any field but the status may be missing or malformed.

        Raises:
            ValueError: where no status is named.
        """
        if not isinstance(values, dict) or values.get("status") not in list(Status):
            raise ValueError("it names no status")
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
