"""Writes weight_shapes.json, by which files of weights are recognised: `python -m tl_core.engine.networks.weight_shapes`."""

from __future__ import annotations

import json

from tl_core import files
from tl_core.backbones.row import Backbone
from tl_core.backbones.stored import FILE, digest
from tl_core.backbones.table import BACKBONES
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks.keras_networks import original_outline


def digests(backbone: Backbone) -> list[str]:
    """A digest of the shapes of the network as the lab builds it, and another if Keras's own has further weights."""
    size = backbone.minimum_size
    built = [networks.outline(backbone, size)]
    if backbone.application is not None:
        built.append(original_outline(backbone.application, size))
    return list(dict.fromkeys(map(_digest, built)))


def _digest(network: keras.Model) -> str:
    return digest(tuple(weight.shape) for weight in network.weights)


def main() -> None:
    """Writes the file: a line for each network."""
    lines = [f"  {json.dumps(row.name)}: {json.dumps(digests(row))}" for row in BACKBONES]
    files.write_bytes(FILE, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


if __name__ == "__main__":
    main()
