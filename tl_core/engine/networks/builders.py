"""Which code builds the network of a row, and what an archive of its weights calls the layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tl_core.backbones.row import Backbone
from tl_core.engine.backend import keras
from tl_core.engine.networks import added, efficientnet_lite, inverted_residuals, mobilenet_v2
from tl_core.engine.networks.inverted_residuals import Design
from tl_core.engine.networks.keras_networks import output_of
from tl_core.engine.networks.torch_weights import TensorNames

Builder = Callable[[keras.KerasTensor], keras.KerasTensor]
"""From scaled pixels to the last feature map."""


@dataclass(frozen=True)
class OwnNetwork:
    """A network of the lab that `keras.applications` does not have, whose weights are in a PyTorch archive with these names."""

    design: Design
    names: TensorNames


OWN: dict[str, OwnNetwork] = {
    "EfficientNetLite0": OwnNetwork(efficientnet_lite.LITE0, efficientnet_lite.NAMES),
    "EfficientNetLite1": OwnNetwork(efficientnet_lite.LITE1, efficientnet_lite.NAMES),
    "EfficientNetLite2": OwnNetwork(efficientnet_lite.LITE2, efficientnet_lite.NAMES),
    "MobileNetV2PyTorch": OwnNetwork(mobilenet_v2.PYTORCH, mobilenet_v2.NAMES),
}
"""By the backbone's name."""


def builder_of(backbone: Backbone) -> Builder:
    """What builds the network of a row, with random weights and without classifier."""
    if backbone.application is not None:
        return partial(output_of, backbone.application)
    if backbone.weights.kind == "added" and not backbone.architecture:
        return partial(added.output_of, Path(backbone.weights.file))
    return partial(inverted_residuals.build, design=OWN[backbone.architecture or backbone.name].design)
