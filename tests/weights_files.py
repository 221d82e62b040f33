"""Files of Keras's weights in both layouts, with the shapes of real networks and no values: they take some kilobytes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import h5py

Shape = tuple[int, ...]
Layer = tuple[str, tuple[Shape, ...]]


def vgg16() -> list[Layer]:
    """The layers of VGG16 with weights."""
    channels, found = 3, []
    for block, (count, width) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
        for number in range(1, count + 1):
            found.append((f"block{block}_conv{number}", ((3, 3, channels, width), (width,))))
            channels = width
    return found


def with_classifier(layers: Sequence[Layer]) -> list[Layer]:
    return [*layers, ("predictions", ((512, 1000), (1000,)))]


def mobilenet(alpha: float = 0.25) -> list[Layer]:
    """The layers of MobileNet with weights."""
    widths = [int(alpha * width) for width in (32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)]

    def norm(name: str, width: int) -> Layer:
        return f"{name}_bn", ((width,),) * 4

    found: list[Layer] = [("conv1", ((3, 3, 3, widths[0]),)), norm("conv1", widths[0])]
    for block, (below, width) in enumerate(pairwise(widths), 1):
        depthwise, pointwise = f"conv_dw_{block}", f"conv_pw_{block}"
        found += [(depthwise, ((3, 3, below, 1),)), norm(depthwise, below)]
        found += [(pointwise, ((1, 1, below, width),)), norm(pointwise, width)]
    return found


def write_legacy(path: Path, layers: Sequence[Layer], inside: str = "", cut: int = 0) -> Path:
    """A file as Keras publishes them.

    Args:
        inside: The group that holds the layers in a file of a whole network: "model_weights".
        cut: If not 0, the names of the layers are in attributes of so many each, as Keras writes very long lists.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        group = file.create_group(inside) if inside else file
        names = [b"input_1", *(name.encode() for name, _ in layers)]
        if cut:
            for number, start in enumerate(range(0, len(names), cut)):
                group.attrs[f"layer_names{number}"] = names[start : start + cut]
        else:
            group.attrs["layer_names"] = names
        group.create_group("input_1").attrs["weight_names"] = []
        for name, shapes in layers:
            weights = [f"{name}/weight_{number}:0" for number in range(len(shapes))]
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, shape in zip(weights, shapes, strict=True):
                layer.create_dataset(weight, shape, "f4")
    return path


def write_keras3(path: Path, layers: Sequence[Layer], trained: bool = False) -> Path:
    """A `.weights.h5`.

    Args:
        trained: With the state of an optimiser and of a dropout layer, which are no weights of the network.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for number, (name, shapes) in enumerate(layers):
            group = file.create_group(f"layers/layer_{number}/vars")
            group.attrs["name"] = name
            for place, shape in enumerate(shapes):
                group.create_dataset(str(place), shape, "f4")
        if trained:
            file.create_dataset("optimizer/vars/0", (7, 7), "f4")
            file.create_dataset("layers/dropout/seed_generator/vars/0", (2,), "i4")
    return path
