"""The table of pretrained networks, their sizes, costs and weights files. Imports no Keras."""

from tl_core.backbones.facts import IMAGE_SIZES, BackboneFacts, BlockFacts, facts
from tl_core.backbones.table import BACKBONES, DEFAULT, Backbone, Cut, Scaling, WeightsFile

__all__ = [
    "BACKBONES",
    "DEFAULT",
    "IMAGE_SIZES",
    "Backbone",
    "BackboneFacts",
    "BlockFacts",
    "Cut",
    "Scaling",
    "WeightsFile",
    "facts",
]
