"""Which code builds the network of a row."""

from __future__ import annotations

from collections.abc import Callable

from tl_core.backbones.row import Application, Backbone
from tl_core.engine.backend import keras
from tl_core.engine.networks.efficientnet_lite import efficientnet_lite0

Builder = Callable[[keras.KerasTensor], keras.KerasTensor]
"""From scaled pixels to the last feature map."""

OWN: dict[str, Builder] = {
    "EfficientNetLite0": efficientnet_lite0,
}
"""By the backbone's name: the networks that `keras.applications` does not have."""


def builder_of(backbone: Backbone) -> Builder:
    """What builds the network of a row, with random weights and without classifier."""
    return OWN[backbone.name] if backbone.application is None else _keras(backbone.application)


def _keras(application: Application) -> Builder:
    function, arguments = getattr(keras.applications, application.function), dict(application.arguments)
    return lambda pixels: function(include_top=False, weights=None, input_tensor=pixels, **arguments).output
