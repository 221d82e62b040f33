"""The table of pretrained networks, their sizes, costs and weights files. Imports no Keras."""

from tl_core.backbones.facts import IMAGE_SIZES, BackboneFacts, BlockFacts, facts
from tl_core.backbones.row import Application, Backbone, Cut, WeightsFile
from tl_core.backbones.scaling import Scaling
from tl_core.backbones.table import BACKBONES, DEFAULT, published_accuracy

__all__ = [
    "BACKBONES",
    "DEFAULT",
    "IMAGE_SIZES",
    "Application",
    "Backbone",
    "BackboneFacts",
    "BlockFacts",
    "Cut",
    "Scaling",
    "WeightsFile",
    "facts",
    "published_accuracy",
]
