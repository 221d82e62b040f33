"""The table of backbones: what each network is, where it can be cut, which weights it can have.

Add a backbone by adding a row to a module of `rows` and its builder to engine/networks/builders.py, then `make facts`; the contract
tests do the rest. Facts that need the network built (parameters, channels, shapes) are in facts.json, read by facts.py.
"""

from __future__ import annotations

from tl_core.backbones.row import Backbone
from tl_core.backbones.rows import efficientnet_lite, inception, mobilenet, resnet, vgg
from tl_core.registry import Registry

DEFAULT = "EfficientNetLite0"

BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    "backbone.name",
    (
        *efficientnet_lite.ROWS,
        *mobilenet.ROWS,
        *resnet.ROWS,
        *vgg.ROWS,
        *inception.ROWS,
    ),
)
"""In the order of lists: those that need no download, the small, and from the well-known to the recent."""
