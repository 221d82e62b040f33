"""The table of backbones: what each network is, where it can be cut, which weights it can have.

Add a backbone by adding a row to a module of `rows` and its builder to engine/networks/builders.py, then `make facts`; the contract
tests do the rest. Facts that need the network built (parameters, channels, shapes) are in facts.json, read by facts.py. Networks of your own
(`added.py`) are rows that need no code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tl_core.backbones import added
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

ROWS: tuple[Backbone, ...] = (
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
)
"""Those of the lab, in the order of lists: those that need no download, the small, then families from the well-known to the recent, and
last other widths."""


class Backbones(Registry[Backbone]):
    """The rows of the lab, then the networks of your own in the models folder in use (see `added.use`)."""

    def __getitem__(self, name: str) -> Backbone:
        return self._whole(added.row(name)) if added.is_added(name) else super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in added.rows() if added.is_added(name) else super().__contains__(name)

    def __iter__(self) -> Iterator[Backbone]:
        yield from super().__iter__()
        yield from map(self._whole, added.rows().values())

    def __len__(self) -> int:
        return len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        return (*super().names, *added.rows())

    def _whole(self, row: Backbone) -> Backbone:
        """A network of your own that has the layers of a row of the lab is built as that is."""
        return replace(row, application=super().__getitem__(row.architecture).application) if row.architecture else row


BACKBONES = Backbones("backbone", "backbone.name", ROWS)


def published_accuracy(name: str) -> float | None:
    """The accuracy on ImageNet that is published for a backbone; None if none is, as for a network of your own, here or not."""
    return None if added.is_added(name) else BACKBONES[name].imagenet_accuracy
