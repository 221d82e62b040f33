"""Builds every network at every offered size and writes facts.json: `python -m tl_core.engine.networks.facts [NAME ...]`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence

from tl_core import files
from tl_core.backbones.facts import FILE, BackboneFacts, BlockFacts, image_sizes, to_json
from tl_core.backbones.row import Backbone
from tl_core.backbones.table import ROWS
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks

layers = keras.layers


def measure(backbone: Backbone, sizes: Sequence[int]) -> BackboneFacts:
    """Facts about a backbone at some image sizes; builds it once per size.

    Raises ValueError if its layers depend on the size, so that weights would fit one size alone.
    """
    by_size = {size: networks.outline(backbone, size) for size in sizes}
    first = by_size[sizes[0]]
    size = backbone.native_size
    native = by_size[size] if size in by_size else networks.outline(backbone, size)
    for size, network in by_size.items():
        if network.count_params() != first.count_params():
            raise ValueError(
                f"{backbone.name} has {first.count_params()} parameters, but {network.count_params()} at {size} pixels"
            )
    blocks = zip(backbone.cut_names, networks.blocks(first), strict=True)
    return BackboneFacts(backbone.name, tuple(_measured(cut, block, by_size, native) for cut, block in blocks))


def _measured(
    cut: str, block: Sequence[keras.layers.Layer], by_size: Mapping[int, keras.Model], native: keras.Model
) -> BlockFacts:
    shapes = {size: networks.cut_output(network, cut).shape for size, network in by_size.items()}
    return BlockFacts(
        name=cut,
        parameters=sum(layer.count_params() for layer in block),
        statistics=sum(math.prod(weight.shape) for layer in block for weight in layer.non_trainable_weights),
        normalisation=sum(map(_normalisation, block)),
        channels=next(iter(shapes.values()))[-1],
        values_per_pixel=values_per_pixel(native, block),
        sizes={size: (shape[1], shape[2]) for size, shape in shapes.items()},
        macs={size: sum(macs(network.get_layer(layer.name)) for layer in block) for size, network in by_size.items()},
    )


def _normalisation(layer: keras.layers.Layer) -> int:
    normalises = isinstance(layer, layers.BatchNormalization)
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights) if normalises else 0


def values_per_pixel(native: keras.Model, block: Sequence[keras.layers.Layer]) -> float:
    """Output values of the convolutions of a block for each pixel of the image; see `BlockFacts`."""
    convolutions = (native.get_layer(layer.name) for layer in block if macs(layer))
    values = sum(math.prod(layer.output.shape[1:]) for layer in convolutions)
    return round(values / math.prod(native.input.shape[1:3]), 3)


def macs(layer: keras.layers.Layer) -> int:
    """Multiply-adds of a convolution or dense layer for one image; 0 for any other layer."""
    positions = math.prod(layer.output.shape[1:-1])
    if isinstance(layer, layers.SeparableConv2D):
        depthwise, pointwise = layer.depthwise_kernel.shape, layer.pointwise_kernel.shape
        return int(positions * (math.prod(depthwise) + math.prod(pointwise)))
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        return int(positions * math.prod(layer.kernel.shape))
    return 0


def main(names: Sequence[str] = ()) -> None:
    """Writes facts.json; with names, those of the other rows stay as they are."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if names else {}
    entries = []
    for backbone in ROWS:
        fresh = backbone.name in names or backbone.name not in kept
        entry = to_json(measure(backbone, image_sizes(backbone))) if fresh else kept[backbone.name]
        rows = ",\n".join(f"    {json.dumps(block)}" for block in entry["blocks"])
        head = f'{json.dumps(backbone.name)}: {{"image_sizes": {entry["image_sizes"]}, "blocks": [\n'
        entries.append(f"  {head}{rows}\n  ]}}")
        print(backbone.name, flush=True)
    files.write_bytes(FILE, ("{\n" + ",\n".join(entries) + "\n}\n").encode())


if __name__ == "__main__":
    main(sys.argv[1:])
