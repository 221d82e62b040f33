"""The whole of an experiment as data: everything that decides what a run computes.

A spec is frozen and validated; it is written to JSON and read back unchanged, and the same spec has the same digest
everywhere. Every field is one row of the settings table (docs/settings.md is made from here).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tl_core.backbones import BACKBONES
from tl_core.data.sources import anchored, parse
from tl_core.errors import BadInput
from tl_core.experiment.spec.augment import Augments
from tl_core.experiment.spec.backbone import BackboneSpec
from tl_core.experiment.spec.data import DataSpec
from tl_core.experiment.spec.head import HeadSpec
from tl_core.experiment.spec.loss import LossSpec
from tl_core.experiment.spec.optimizer import OptimizerSpec
from tl_core.experiment.spec.schedule import ScheduleSpec
from tl_core.experiment.spec.start import StartSpec
from tl_core.experiment.spec.stopping import StoppingSpec
from tl_core.experiment.spec.train import TrainSpec
from tl_core.files import digest_of
from tl_core.params import Param, Section, parameters, setting, validated

VERSION = 1
"""The version of the spec's form; a reader refuses a newer one rather than guess."""


class ExperimentSpec(Section):
    """Everything that decides what a run computes. See `parameters_of_spec` for the rows."""

    version: Literal[1] = 1
    data: DataSpec = DataSpec()
    backbone: BackboneSpec = BackboneSpec()
    head: HeadSpec = HeadSpec()
    augment: Augments = setting(
        (),
        "Random changes to training images, in the order written; validation images are never changed. Works against overfitting.",
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

    @property
    def image_size(self) -> int:
        """The side of the images in pixels; where none is set the backbone's own, or what is enough for small pictures."""
        backbone, source = BACKBONES[self.backbone.name], parse(self.data.source)[0]
        fitting = min(backbone.native_size, source.enough or backbone.native_size)
        return self.data.image_size or max(fitting, backbone.minimum_size)

    def digest(self) -> str:
        """A name for the experiment: the same settings, the same name."""
        # As a list, because the order of augmentations counts and that of a table's entries does not.
        return digest_of(self.to_json(), [augment.name for augment in self.augment])

    def to_json(self) -> dict[str, Any]:
        """The spec as plain JSON values; `ExperimentSpec.from_json` gives it back equal."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ExperimentSpec:
        """A spec from plain values; what is missing takes its default. Raises BadInput, a problem a wrong value."""
        version = values.get("version", VERSION)
        if version != VERSION:
            remedy = "Update TL Lab." if isinstance(version, int) and version > VERSION else ""
            raise BadInput.of("version", f"received {version!r}; this lab reads version {VERSION}", remedy)
        return validated(cls, values)

    @classmethod
    def from_file(cls, path: Path) -> ExperimentSpec:
        """A spec from a JSON file; raises BadInput where it is not one."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadInput.of(str(path), f"is not a spec that can be read ({error})") from None
        if not isinstance(values, dict):
            raise BadInput.of(str(path), "holds no JSON object")
        return cls.from_json(values)

    def anchored(self) -> ExperimentSpec:
        """A copy whose paths are absolute, so that a run finds its images and weights again from any folder."""
        kind, colon, path = self.backbone.weights.partition(":")
        weights = f"{kind}:{Path(path).expanduser().resolve()}" if colon else kind
        return self.with_values({"data.source": anchored(self.data.source), "backbone.weights": weights})

    def with_values(self, changes: Mapping[str, Any]) -> ExperimentSpec:
        """A copy with some settings changed, by path (`{"head.dropout": 0.5}`). Raises BadInput."""
        values = self.to_json()
        for path, value in changes.items():
            _put(values, path, value)
        return self.from_json(values)


PARAMETERS: tuple[Param, ...] = tuple(parameters(ExperimentSpec))
"""Every setting, in the order of the spec."""


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
