"""Facts about built networks, read from facts.json so that forms and plans need no Keras.

`python -m tl_core.engine.networks.facts` writes the file; a test rebuilds every network and compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tl_core.backbones import added
from tl_core.backbones.row import Backbone
from tl_core.backbones.table import BACKBONES, ROWS

IMAGE_SIZES = tuple(sorted({*range(32, 513, 16), 150, *(row.native_size for row in ROWS)}))
"""Image sizes with exact facts (pixels per side); a backbone accepts those from its minimum_size."""

FILE = Path(__file__).with_name("facts.json")


@dataclass(frozen=True)
class BlockFacts:
    """The layers between one cut and the one before it.

    Attributes:
        name: The cut at the end of the block.
        parameters: Number of parameters of its layers, including statistics.
        statistics: How many of them are moving means and variances of batch normalisation.
        normalisation: How many of them are scales and shifts of batch normalisation.
        channels: Channels of its output.
        values_per_pixel: Output values of its convolutions for each pixel of an image of the native size: what goes through memory, since
            normalisation and activation are computed on the way. In three decimals.
        sizes: Height and width of its output, by image size.
        macs: Multiply-adds of its convolutions for one image, forwards, by image size. Normalisation, activations,
            pooling and additions are not counted, as is customary in papers.
    """

    name: str
    parameters: int
    statistics: int
    normalisation: int
    channels: int
    values_per_pixel: float
    sizes: Mapping[int, tuple[int, int]]
    macs: Mapping[int, int]

    def size_at(self, image_size: int) -> tuple[int, int]:
        """Height and width of the output: exact for IMAGE_SIZES, otherwise scaled from the nearest and rounded."""
        near = _nearest(image_size, self.sizes)
        height, width = self.sizes[near]
        ratio = image_size / near
        return max(1, round(height * ratio)), max(1, round(width * ratio))

    def macs_at(self, image_size: int) -> int:
        """Multiply-adds for one image: exact for IMAGE_SIZES, otherwise scaled by area from the nearest."""
        near = _nearest(image_size, self.macs)
        return round(self.macs[near] * (image_size / near) ** 2)


@dataclass(frozen=True)
class BackboneFacts:
    """A network's blocks, in the order of its cuts."""

    name: str
    blocks: tuple[BlockFacts, ...]

    @property
    def parameters(self) -> int:
        return sum(block.parameters for block in self.blocks)

    @property
    def image_sizes(self) -> tuple[int, ...]:
        return tuple(self.blocks[0].sizes)

    def macs_at(self, image_size: int) -> int:
        """Multiply-adds of the whole network for one image; see `BlockFacts.macs_at`."""
        return sum(block.macs_at(image_size) for block in self.blocks)


def facts(name: str) -> BackboneFacts:
    """The facts of a backbone; raises BadInput for an unknown name."""
    row = BACKBONES[name]
    return _facts(row.name, row.digest)


@cache
def _facts(name: str, digest: str) -> BackboneFacts:
    return from_json(name, added.network(name).facts if digest else _table()[name])


def image_sizes(backbone: Backbone) -> tuple[int, ...]:
    """The offered image sizes that this backbone accepts."""
    return tuple(size for size in IMAGE_SIZES if size >= backbone.minimum_size)


def from_json(name: str, columns: Mapping[str, Any]) -> BackboneFacts:
    """Facts from one entry of facts.json; its lists are indexed by image size."""
    offered = columns["image_sizes"]
    blocks = (
        BlockFacts(
            name=block["name"],
            parameters=block["parameters"],
            statistics=block["statistics"],
            normalisation=block["normalisation"],
            channels=block["channels"],
            values_per_pixel=block["values_per_pixel"],
            sizes={size: (side, side) for size, side in zip(offered, block["sides"], strict=True)},
            macs=dict(zip(offered, block["macs"], strict=True)),
        )
        for block in columns["blocks"]
    )
    return BackboneFacts(name, tuple(blocks))


def to_json(found: BackboneFacts) -> dict[str, Any]:
    """The entry of facts.json for these facts; the inverse of `from_json`."""
    return {
        "image_sizes": list(found.image_sizes),
        "blocks": [
            {
                "name": block.name,
                "parameters": block.parameters,
                "statistics": block.statistics,
                "normalisation": block.normalisation,
                "channels": block.channels,
                "values_per_pixel": block.values_per_pixel,
                "sides": [height for height, _ in block.sizes.values()],
                "macs": list(block.macs.values()),
            }
            for block in found.blocks
        ],
    }


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return table


def _nearest(image_size: int, known: Mapping[int, object]) -> int:
    return min(known, key=lambda size: abs(size - image_size))
