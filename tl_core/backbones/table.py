"""The table of backbones: what each network is, where it can be cut, which weights it can have.

Add a backbone by adding a row to a module of `rows` and its builder to engine/networks/builders.py, then `make facts`; the contract
tests do the rest. Facts that need the network built (parameters, channels, shapes) are in facts.json, read by facts.py.
"""

from __future__ import annotations

from tl_core.backbones.row import Backbone
from tl_core.backbones.rows import (
    convnext,
    densenet,
    efficientnet,
    efficientnet_lite,
    efficientnet_v2,
    inception,
    mobilenet,
    mobilenet_v1,
    mobilenet_v3,
    mobilenet_widths,
    nasnet,
    resnet,
    vgg,
)
from tl_core.registry import Registry

DEFAULT = "EfficientNetLite0"

BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    "backbone.name",
    (
        *efficientnet_lite.ROWS,
        *mobilenet.ROWS,
        *mobilenet_v1.ROWS,
        *mobilenet_v3.ROWS,
        *resnet.ROWS,
        *vgg.ROWS,
        *inception.ROWS,
        *densenet.ROWS,
        *nasnet.ROWS,
        *efficientnet.ROWS,
        *efficientnet_v2.ROWS,
        *convnext.ROWS,
        *mobilenet_widths.ROWS,
    ),
)
"""In the order of lists: those that need no download, the small, then families from the well-known to the recent, and last other widths."""
