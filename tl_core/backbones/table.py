"""The table of backbones: what each network is, where it can be cut, which weights it can have.

Add a backbone by adding a row here and its builder in engine/networks.py, then `make facts`; the contract test does the
rest. Facts that need the network built (parameters, channels, shapes) are in facts.json, read by facts.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scaling = Literal["minus_one_to_one", "imagenet_caffe", "lite"]
"""How a backbone wants its pixels, from RGB 0..255:

minus_one_to_one: x / 127.5 - 1. imagenet_caffe: channels turned to BGR, ImageNet's mean of each subtracted.
lite: (x - 127) / 128.
"""


@dataclass(frozen=True)
class Cut:
    """A place where a network can be cut in two: the output of a block's last layer, one tensor and no other.

    Attributes:
        name: What people call it ("block3"); unique within the backbone.
        layer: The name of the Keras layer whose output it is.
    """

    name: str
    layer: str


@dataclass(frozen=True)
class WeightsFile:
    """A file of ImageNet weights without the classifier.

    Attributes:
        kind: "bundled" (in an installed package) or "imagenet" (Keras's download, kept in Keras's own cache).
        file: Its name in Keras's cache, or the resource inside the package.
        url: Where it is downloaded from; empty where it is bundled.
        md5: The MD5 sum Keras publishes for it (it guards against a broken download); empty where there is none.
        megabytes: Its size, to tell before downloading.
    """

    kind: Literal["bundled", "imagenet"]
    file: str
    url: str = ""
    md5: str = ""
    megabytes: float = 0.0


@dataclass(frozen=True)
class Backbone:
    """One row.

    Attributes:
        native_size: The image size (pixels a side) its weights were trained at.
        minimum_size: The smallest size it accepts.
        cuts: In order from the input; the last is the network's output. "Top" blocks are the last ones.
    """

    name: str
    title: str
    help: str
    citation: str
    licence: str
    scaling: Scaling
    native_size: int
    minimum_size: int
    cuts: tuple[Cut, ...]
    weights: WeightsFile

    @property
    def cut_names(self) -> tuple[str, ...]:
        return tuple(cut.name for cut in self.cuts)
