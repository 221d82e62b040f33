"""Builds every network at every offered size and writes facts.json: `python -m tl_core.engine.networks.facts`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from tl_core import files
from tl_core.backbones.facts import FILE, BackboneFacts, BlockFacts, image_sizes, to_json
from tl_core.backbones.row import Backbone
from tl_core.backbones.table import BACKBONES
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks

layers = keras.layers


def measure(backbone: Backbone, sizes: Sequence[int]) -> BackboneFacts:
    """Facts about a backbone at some image sizes; builds it once per size."""
    built = [networks.build(backbone, size) for size in sizes]
    by_size = [networks.blocks(network) for network in built]
    found = []
    for index, cut in enumerate(backbone.cut_names):
        outputs = [networks.cut_output(network, cut).shape for network in built]
        block = by_size[0][index]
        found.append(
            BlockFacts(
                name=cut,
                parameters=sum(layer.count_params() for layer in block),
                statistics=sum(math.prod(weight.shape) for layer in block for weight in layer.non_trainable_weights),
                normalisation=sum(map(_normalisation, block)),
                channels=outputs[0][-1],
                sizes={size: (shape[1], shape[2]) for size, shape in zip(sizes, outputs, strict=True)},
                macs={size: sum(map(macs, each[index])) for size, each in zip(sizes, by_size, strict=True)},
            )
        )
    return BackboneFacts(backbone.name, tuple(found))


def _normalisation(layer: keras.layers.Layer) -> int:
    normalises = isinstance(layer, layers.BatchNormalization)
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights) if normalises else 0


def macs(layer: keras.layers.Layer) -> int:
    """Multiply-adds of a convolution or dense layer for one image; 0 for any other layer."""
    positions = math.prod(layer.output.shape[1:-1])
    if isinstance(layer, layers.SeparableConv2D):
        depthwise, pointwise = layer.depthwise_kernel.shape, layer.pointwise_kernel.shape
        return int(positions * (math.prod(depthwise) + math.prod(pointwise)))
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        return int(positions * math.prod(layer.kernel.shape))
    return 0


def main() -> None:
    entries = []
    for backbone in BACKBONES:
        entry = to_json(measure(backbone, image_sizes(backbone)))
        rows = ",\n".join(f"    {json.dumps(block)}" for block in entry["blocks"])
        head = f'{json.dumps(backbone.name)}: {{"image_sizes": {entry["image_sizes"]}, "blocks": [\n'
        entries.append(f"  {head}{rows}\n  ]}}")
    files.write_bytes(FILE, ("{\n" + ",\n".join(entries) + "\n}\n").encode())


if __name__ == "__main__":
    main()
