"""What the settings of an experiment mean, worked out once and passed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from tl_core.backbones import BACKBONES, Backbone, BlockFacts, facts
from tl_core.backbones import weights as files
from tl_core.backbones.freezing import last_frozen, last_kept, used_cuts
from tl_core.data.sources import SOURCES
from tl_core.experiment.augmentations import AUGMENTATIONS, Augmentation
from tl_core.experiment.phases import LiveChange, Phase, planned
from tl_core.experiment.spec import ExperimentSpec


@dataclass(frozen=True)
class Experiment:
    """An experiment whose names are looked up.

    Attributes:
        backbone: The row of its network.
        blocks: The blocks that are used, from the input; the output of the last feeds the head.
        frozen: The last block that keeps its weights to the end; None where all train.
        kept: The last block that starts from pretrained weights; None where all do.
        image_size: The side of the images in pixels; where none is set the backbone's own, or what is enough for small pictures.
        changes: Settings that were changed while it trained; they count in `phases`.
    """

    spec: ExperimentSpec
    backbone: Backbone
    blocks: tuple[str, ...]
    frozen: str | None
    kept: str | None
    image_size: int
    changes: tuple[LiveChange, ...] = ()

    @property
    def top(self) -> str:
        """The last block that is used."""
        return self.blocks[-1]

    @property
    def solved(self) -> bool:
        """True where scikit-learn solves the classifier at once: it has one epoch and no learning rate."""
        return self.spec.head.solved

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """What a run does, in order; raises BadInput for a stage that names a block that is not there."""
        return planned(self)

    @property
    def epochs(self) -> int:
        """The last epoch of the whole run."""
        return self.phases[-1].last

    @property
    def facts(self) -> tuple[BlockFacts, ...]:
        """Sizes and costs of the blocks that are used, from the input."""
        return facts(self.backbone.name).blocks[: len(self.blocks)]

    @property
    def augmentations(self) -> tuple[tuple[Augmentation, float], ...]:
        """The rows of its augmentations with their amounts, in order."""
        return tuple((AUGMENTATIONS[step.name], step.amount) for step in self.spec.augment)

    @property
    def weights(self) -> files.Weights:
        """The weights its network starts from; raises BadInput where they cannot be used."""
        return files.resolve(self.backbone, self.spec.backbone.weights)

    @property
    def weights_identity(self) -> str:
        """A name that is equal for equal weights; raises BadInput as `weights` does."""
        return files.weights_identity(self.backbone, self.spec.backbone.weights, self.spec.train.seed)

    def frozen_at(self, freeze: str) -> str | None:
        """The last block that keeps its weights at a freeze depth; raises BadInput for a block that is not there."""
        return last_frozen(self.backbone, freeze, self.spec.backbone.output)

    def above(self, block: str | None) -> tuple[str, ...]:
        """The used blocks above one, from the lowest; all of them above None."""
        return self.blocks if block is None else self.blocks[self.blocks.index(block) + 1 :]

    @property
    def random_blocks(self) -> tuple[str, ...]:
        """The used blocks that start from random weights."""
        if self.spec.backbone.weights == "random":
            return self.blocks
        return self.above(self.kept) if self.kept else ()

    def with_changes(self, changes: Iterable[LiveChange]) -> Experiment:
        """The same with settings that were changed while it trained."""
        return replace(self, changes=tuple(changes))

    def with_values(self, values: Mapping[str, Any]) -> Experiment:
        """The experiment with some settings changed, by path."""
        return resolve(self.spec.with_values(values))

    def feature_identity(self, frozen: str, device: str, start: str = "") -> tuple[str, ...]:
        """All that the output of the frozen blocks depends on besides pixels and precision; raises BadInput as `weights` does.

        The key of stored features is made from it, and so is the decision whether one run can use what is prepared for another.

        Args:
            frozen: The last frozen block. The output of the last one that is used is pooled.
            device: What computes it: "CPU", or a GPU's name.
            start: Of a fork, a name for what its parent changed in the backbone.
        """
        pooling = self.spec.head.pooling if frozen == self.top else ""
        random: tuple[str, ...] = ()
        if self.kept is not None and self.blocks.index(self.kept) < self.blocks.index(frozen):
            random = (f"random above {self.kept}, seed {self.spec.train.seed}",)
        return (self.weights_identity, frozen, pooling, device, *random, *([start] if start else []))


@lru_cache(maxsize=512)
def resolve(spec: ExperimentSpec) -> Experiment:
    """What a spec means. Cheap: pages ask on every run."""
    backbone, chosen = BACKBONES[spec.backbone.name], spec.backbone
    return Experiment(
        spec=spec,
        backbone=backbone,
        blocks=used_cuts(backbone, chosen.output),
        frozen=last_frozen(backbone, chosen.freeze, chosen.output),
        kept=last_kept(backbone, chosen.keep, chosen.output),
        image_size=_image_size(spec, backbone),
    )


def _image_size(spec: ExperimentSpec, backbone: Backbone) -> int:
    enough = SOURCES[spec.data.source.partition(":")[0]].enough
    fitting = min(backbone.native_size, enough or backbone.native_size)
    return spec.data.image_size or max(fitting, backbone.minimum_size)
