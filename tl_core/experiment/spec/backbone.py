"""Settings of the pretrained network: which one, with which weights, how deep it is frozen."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from tl_core.backbones import BACKBONES, weights
from tl_core.backbones.freezing import last_frozen, last_kept
from tl_core.params import Section, located, setting


class BackboneSpec(Section):
    name: str = setting(
        "EfficientNetLite0",
        "The pretrained network whose layers are used.",
        title="Backbone",
        choices=BACKBONES.names,
        basic=True,
    )
    weights: str = setting(
        "pretrained",
        "Where its weights come from. pretrained: as the backbone has them, bundled with the lab or downloaded (imagenet).",
        form="pretrained, bundled, imagenet, random or file:PATH",
    )
    freeze: str = setting(
        "all",
        "How much of the backbone keeps its weights. all-but-2: the top two blocks train. A block's name: frozen up to and with it.",
        title="Freeze depth",
        form="all, none, all-but-2 or a block's name",
        basic=True,
    )
    output: str = setting(
        "last",
        "The block whose output feeds the head. Early blocks see edges and textures, late ones whole objects.",
        title="Features from",
        form="last, middle or a block's name",
    )

    keep: str = setting(
        "all",
        "How much of the backbone starts from its pretrained weights: up to and with a block; those above begin with random ones. "
        "Try it for images unlike photographs, such as X-rays: early blocks, which see edges, still help; late ones look for the wrong things.",
        title="Pretrained up to",
        form="all or a block's name",
    )

    @model_validator(mode="after")
    def _cuts_exist(self) -> Self:
        def check() -> None:
            row = BACKBONES[self.name]
            if not self.weights.startswith(
                "file:"
            ):  # Whether a file is there is the plan's question: a finished run must stay readable.
                weights.resolve(row, self.weights)
            last_frozen(row, self.freeze, self.output)
            last_kept(row, self.keep, self.output)

        located(check, inside="backbone.")
        return self
