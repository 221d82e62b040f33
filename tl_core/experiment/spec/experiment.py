"""An experiment as data: everything that decides what a run computes.

A spec is frozen and validated; it is written to JSON and read back unchanged, and equal specs have equal digests
everywhere. Every field is one row of the settings table (docs/settings.md is made from here).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from tl_core.data.sources import anchored
from tl_core.errors import BadInput
from tl_core.experiment.spec.augment import Augments
from tl_core.experiment.spec.data import DataSpec
from tl_core.experiment.spec.network import BackboneSpec, HeadSpec
from tl_core.experiment.spec.optimisation import LossSpec, OptimizerSpec, ScheduleSpec
from tl_core.experiment.spec.training import StoppingSpec, TrainSpec
from tl_core.files import digest_of
from tl_core.params import Located, Param, Section, parameters, setting, validated

VERSION = 2
"""Version of the format; older ones are upgraded, newer ones refused.

2: `optimizer.average` became `optimizer.ema`.
"""

RENAMED = {"optimizer.average": "optimizer.ema"}
"""Renamed settings: old path to new path. Files, links and the command line may still use the old ones."""


class StartSpec(Section):
    """The start of a run: pretrained weights, or a checkpoint of another run (a fork)."""

    run: str = setting(
        "",
        "The run whose checkpoint this run continues from. Empty: it starts from the pretrained weights.",
        form="a run's id",
    )
    epoch: int | None = setting(
        None, "The epoch of that checkpoint; the first epoch of this run is the next one.", low=1, high=1_000_000
    )
    schedule_from: int | None = setting(
        None,
        "The epoch, at most that of the checkpoint, from which the learning-rate schedule of the first phase counts: the fork then continues the "
        "warm-up and schedule of the run it comes from. Not set: both start anew.",
        title="Schedule from epoch",
        low=1,
        high=1_000_000,
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.run) != (self.epoch is not None):
            missing = "run" if self.epoch else "epoch"
            raise Located(missing, "is missing", "A fork needs a run and the epoch of one of its checkpoints.")
        if self.schedule_from is not None and self.schedule_from > (self.epoch or 0):
            received = f"received {self.schedule_from}; allowed is the epoch of the checkpoint at most"
            raise Located("schedule_from", received, "Leave it out to start the schedule anew.")
        return self


class ExperimentSpec(Section):
    """Everything that decides what a run computes. `PARAMETERS` has the rows."""

    version: Literal[2] = 2
    data: DataSpec = DataSpec()
    backbone: BackboneSpec = BackboneSpec()
    head: HeadSpec = HeadSpec()
    augment: Augments = setting(
        (),
        "Random changes to training images, applied in this order; validation images are never changed. Works against overfitting.",
        title="Augmentations",
        form="names with amounts, such as rotation:15,horizontal_flip",
        basic=True,
    )
    train: TrainSpec = TrainSpec()
    optimizer: OptimizerSpec = OptimizerSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    loss: LossSpec = LossSpec()
    stopping: StoppingSpec = StoppingSpec()
    start: StartSpec = StartSpec()

    def digest(self) -> str:
        """A hash of the settings."""
        # As a list, because the order of augmentations counts and that of a table's entries does not.
        return digest_of(self.to_json(), [augment.name for augment in self.augment])

    def to_json(self) -> dict[str, Any]:
        """The spec as plain JSON values; the inverse of `from_json`."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ExperimentSpec:
        """A spec from plain values; missing ones have their defaults. Raises BadInput with a problem per invalid value."""
        return validated(cls, _upgraded(values))

    @classmethod
    def from_file(cls, path: Path) -> ExperimentSpec:
        """A spec from a JSON file; raises BadInput if it is not one."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadInput.of(str(path), f"is not a spec that can be read ({error})") from None
        if not isinstance(values, dict):
            raise BadInput.of(str(path), "holds no JSON object")
        return cls.from_json(values)

    def anchored(self) -> ExperimentSpec:
        """A copy with absolute paths, so that a run finds its images and weights from any working directory."""
        kind, colon, path = self.backbone.weights.partition(":")
        weights = f"{kind}:{Path(path).expanduser().resolve()}" if colon else kind
        return self.with_values({"data.source": anchored(self.data.source), "backbone.weights": weights})

    def value(self, path: str) -> Any:
        """The value of a setting, by its path ("head.dropout")."""
        return reduce(getattr, path.split("."), self)

    def flat(self) -> dict[str, Any]:
        """Every setting as a plain JSON value, by its path; augmentations as {name: amount}, in order."""
        values = self.to_json()
        return {row.path: reduce(dict.__getitem__, row.path.split("."), values) for row in PARAMETERS}

    def with_values(self, changes: Mapping[str, Any]) -> ExperimentSpec:
        """A copy with some settings changed, by path (`{"head.dropout": 0.5}`). Raises BadInput."""
        values = self.to_json()
        for path, value in changes.items():
            _put(values, RENAMED.get(path, path), value)
        return self.from_json(values)


PARAMETERS: tuple[Param, ...] = tuple(parameters(ExperimentSpec))
"""Every setting, in the order of the spec."""


def _upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a spec, upgraded from any earlier version."""
    version = values.get("version", VERSION)
    if version not in range(1, VERSION + 1) or isinstance(version, bool):
        remedy = "Update TL Lab." if isinstance(version, int) and version > VERSION else ""
        raise BadInput.of("version", f"received {version!r}; this lab reads versions up to {VERSION}", remedy)
    upgraded = {**values, "version": VERSION}
    for path, now in RENAMED.items():
        (section, old), new = path.split("."), now.split(".")[1]
        group = upgraded.get(section)
        if isinstance(group, Mapping) and old in group and new not in group:
            upgraded[section] = {new if name == old else name: value for name, value in group.items()}
    return upgraded


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    if parents and parents[0] not in values:
        parents, name = [], path  # No such group: the check then looks for the whole path's neighbours.
    for place, parent in enumerate(parents, 1):
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            whole = ".".join(parents[:place])
            raise BadInput.of(path, "there is no setting of that name", f"Did you mean {whole}?")
    if isinstance(values.get(name), dict) and name != "augment" and not isinstance(value, dict):
        inside = " or ".join(f"{path}.{inner}" for inner in values[name])
        raise BadInput.of(path, "is a group of settings, not one", f"Did you mean {inside}?")
    values[name] = value
