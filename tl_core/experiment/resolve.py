"""An experiment resolved once: what its settings mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from tl_core.backbones import BACKBONES, Backbone, BlockFacts, facts
from tl_core.backbones import weights as files
from tl_core.backbones.freezing import last_frozen, last_kept, output_cuts, used_cuts
from tl_core.data.sources import SOURCES
from tl_core.experiment.augmentations import AUGMENTATIONS, Augmentation
from tl_core.experiment.phases import LiveChange, Phase, planned
from tl_core.experiment.spec import BackboneSpec, ExperimentSpec


@dataclass(frozen=True)
class Experiment:
    """An experiment with its names resolved.

    Attributes:
        backbone: The row of its backbone.
        blocks: The used blocks, from the input; the output of the last is the input of the head.
        frozen: The last block that stays frozen to the end; None if all blocks train. Never above `kept`.
        kept: The last block that starts from pretrained weights; None if all blocks do.
        image_size: The side of the images in pixels; by default the backbone's own, or less if the dataset's images are small.
        changes: Live changes; reflected in `phases`.
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
        """The last used block."""
        return self.blocks[-1]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The blocks whose outputs feed the head, from the input upwards; the last one is `top`."""
        return output_cuts(self.backbone, self.spec.backbone.output)

    @property
    def feature_channels(self) -> int:
        """The channels of the pooled features, those of all `outputs` together."""
        return sum(block.channels for block in self.facts if block.name in self.outputs)

    @property
    def joins_features(self) -> bool:
        """Whether pooled features are cached block by block, and joined when they are read.

        So if the head reads several blocks, or averages with mirror images; not if they are not exact, or a fork's, whose blocks its parent may have
        trained.
        """
        chosen, train = self.spec.backbone, self.spec.train
        exact = train.prefix_precision == "f32" and train.feature_storage == "float32"
        return (len(self.outputs) > 1 or chosen.mirror) and exact and not self.spec.start.run

    @property
    def passes(self) -> int:
        """The passes of an image through the backbone: two if features are averaged with those of its mirror image."""
        return 2 if self.spec.backbone.mirror else 1

    @property
    def solved(self) -> bool:
        """True if the classifier is solved at once: it has one epoch and no learning rate."""
        return self.spec.head.solved

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """The phases, in order; raises BadInput for a stage with an unknown block."""
        return planned(self)

    @property
    def epochs(self) -> int:
        """The last epoch of the run."""
        return self.phases[-1].last

    @property
    def facts(self) -> tuple[BlockFacts, ...]:
        """Sizes and costs of the used blocks, from the input."""
        return facts(self.backbone.name).blocks[: len(self.blocks)]

    @property
    def augmentations(self) -> tuple[tuple[Augmentation, float], ...]:
        """The rows of its augmentations with their amounts, in order."""
        return tuple((AUGMENTATIONS[step.name], step.amount) for step in self.spec.augment)

    @property
    def weights(self) -> files.Weights:
        """The initial weights of its backbone; raises BadInput if they cannot be used."""
        return files.resolve(self.backbone, self.spec.backbone.weights)

    @property
    def weights_identity(self) -> str:
        """A text that is equal for equal weights; raises BadInput like `weights`."""
        return files.weights_identity(self.backbone, self.spec.backbone.weights, self.spec.train.seed)

    def frozen_at(self, freeze: str) -> str | None:
        """The last frozen block at a freeze depth; raises BadInput for an unknown block."""
        return _frozen_at(self.backbone, self.spec.backbone, freeze)

    def above(self, block: str | None) -> tuple[str, ...]:
        """The used blocks above a block, from the input upwards; all of them for None."""
        return self.blocks if block is None else self.blocks[self.blocks.index(block) + 1 :]

    @property
    def random_blocks(self) -> tuple[str, ...]:
        """The used blocks that start from random weights."""
        if self.spec.backbone.weights == "random":
            return self.blocks
        return self.above(self.kept) if self.kept else ()

    def with_changes(self, changes: Iterable[LiveChange]) -> Experiment:
        """The experiment with live changes."""
        return replace(self, changes=tuple(changes))

    def with_values(self, values: Mapping[str, Any]) -> Experiment:
        """The experiment with some settings changed, by path."""
        return resolve(self.spec.with_values(values))

    def feature_identity(self, frozen: str, device: str, start: str = "") -> tuple[str, ...]:
        """Everything besides pixels and precision that features depend on; raises BadInput like `weights`.

        Determines the key of cached features, and whether a run can use features prefetched for another.

        Args:
            frozen: The last frozen block. The output of the last used one is pooled.
            device: The device: "CPU", or a GPU's name.
            start: For a fork, a hash of its parent's changes to the backbone.
        """
        pooling: str = self.spec.head.pooling if frozen == self.top else ""
        if pooling and len(self.outputs) > 1:
            pooling = f"{pooling} of {'+'.join(self.outputs)}"
        if pooling and self.spec.backbone.mirror:
            pooling = f"{pooling}, with mirror image"
        if pooling and self.joins_features:
            pooling = f"{pooling}, block by block"
        return (self.weights_identity, frozen, pooling, device, *([start] if start else []))


def resolve(spec: ExperimentSpec) -> Experiment:
    """Resolves a spec. Cheap: pages call it on every run. Raises BadInput if its backbone is a network of your own that is not here."""
    return _resolved(spec, BACKBONES[spec.backbone.name])


@lru_cache(maxsize=512)
def _resolved(spec: ExperimentSpec, backbone: Backbone) -> Experiment:
    chosen = spec.backbone
    return Experiment(
        spec=spec,
        backbone=backbone,
        blocks=used_cuts(backbone, chosen.output),
        frozen=_frozen_at(backbone, chosen, chosen.freeze),
        kept=last_kept(backbone, chosen.keep, chosen.output),
        image_size=_image_size(spec, backbone),
    )


def _frozen_at(backbone: Backbone, chosen: BackboneSpec, freeze: str) -> str | None:
    """The last frozen block: the one `freeze` names, or the last pretrained one if that is lower.

    Random blocks above pretrained ones always train: their initial batch statistics do not fit, and features would all but vanish in them.
    """
    frozen, kept = (
        last_frozen(backbone, freeze, chosen.output),
        last_kept(backbone, chosen.keep, chosen.output),
    )
    if frozen is None or kept is None:
        return frozen
    return min(frozen, kept, key=backbone.cut_names.index)


def _image_size(spec: ExperimentSpec, backbone: Backbone) -> int:
    enough = SOURCES[spec.data.source.partition(":")[0]].enough
    fitting = min(backbone.native_size, enough or backbone.native_size)
    return spec.data.image_size or max(fitting, backbone.minimum_size)
