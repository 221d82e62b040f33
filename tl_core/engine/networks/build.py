"""Builds networks from rows of the backbone table and cuts them in two.

A network is one flat functional model: RGB pixels 0..255 in, the last feature map out, with the pixel scaling of its weights
as the first layers, so that pixels are unscaled everywhere else.
"""

from __future__ import annotations

from tl_core.backbones.row import Backbone
from tl_core.backbones.scaling import Scaling, Triple
from tl_core.backbones.table import BACKBONES
from tl_core.engine.backend import keras
from tl_core.engine.networks.builders import builder_of
from tl_core.engine.networks.keras_networks import with_fresh_names
from tl_core.engine.networks.mirror import with_mirror_images
from tl_core.errors import BadInput, unknown


def build(backbone: Backbone, image_size: int, mirror: bool = False) -> keras.Model:
    """A network with random weights.

    Its input is float32 `(batch, image_size, image_size, 3)`, RGB 0..255; its output the last feature map, float32
    `(batch, height, width, channels)`. Layer names are the same in every build; all layers are float32,
    regardless of the dtype policy.

    Args:
        mirror: Whether every image is followed by its mirror image, so that the output has twice the batch; see `mirror`.

    Raises:
        BadInput: the image size is below the backbone's minimum.
    """
    if image_size < backbone.minimum_size:
        message = f"{backbone.title} needs images of {backbone.minimum_size} pixels or more; received {image_size}"
        raise BadInput.of("data.image_size", message, "Choose a larger image size, or another backbone.")
    return with_fresh_names(lambda: _build(backbone, image_size, mirror))


def outline(backbone: Backbone, image_size: int) -> keras.Model:
    """The network without values in its weights, to read names and shapes from: three times as quick, and takes no memory."""

    def build_without_values() -> keras.Model:
        with keras.StatelessScope(initialize_variables=False):
            return _build(backbone, image_size, mirror=False)

    return with_fresh_names(build_without_values)


def cut_output(network: keras.Model, cut: str) -> keras.KerasTensor:
    """The output tensor of a cut; raises BadInput for an unknown cut."""
    backbone = backbone_of(network)
    layers = {known.name: known.layer for known in backbone.cuts}
    if cut not in layers:
        raise unknown("backbone.freeze", f"cut of {backbone.title}", cut, layers)
    return network.get_layer(layers[cut]).output


def split(network: keras.Model, cut: str) -> tuple[keras.Model, keras.Model]:
    """The network below a cut and the network above it: `tail(prefix(pixels))` is `network(pixels)`.

    Both share layers and weights with the network. Above the last cut, the tail is the identity.
    """
    tensor = cut_output(network, cut)
    prefix = keras.Model(network.input, tensor, name=f"{network.name}_to_{cut}")
    return prefix, _above(network, tensor, cut)


def blocks(network: keras.Model) -> tuple[tuple[keras.layers.Layer, ...], ...]:
    """The layers of each block, in order of the cuts; the scaling belongs to the first block."""
    found: list[tuple[keras.layers.Layer, ...]] = []
    below: set[str] = set()
    for cut in backbone_of(network).cut_names:
        layers = keras.Model(network.input, cut_output(network, cut)).layers
        found.append(tuple(layer for layer in layers if layer.name not in below))
        below.update(layer.name for layer in layers)
    return tuple(found)


def backbone_of(network: keras.Model) -> Backbone:
    """The row that a network was built from, by its name."""
    return BACKBONES[network.name]


def _build(backbone: Backbone, image_size: int, mirror: bool) -> keras.Model:
    pixels = keras.Input((image_size, image_size, 3), dtype="float32", name="pixels")
    images = with_mirror_images(pixels) if mirror else pixels
    features = builder_of(backbone)(scaled(images, backbone.scaling))
    return keras.Model(pixels, features, name=backbone.name)


def scaled(pixels: keras.KerasTensor, scaling: Scaling) -> keras.KerasTensor:
    """RGB 0..255 as the backbone takes them."""
    if scaling.order == "bgr":
        pixels = keras.ops.flip(pixels, axis=-1)
    return keras.layers.Rescaling(_one_or_each(scaling.scale), _one_or_each(scaling.offset), name="scaling")(pixels)


def _one_or_each(values: Triple) -> float | list[float]:
    """One number for all channels where it is the same."""
    return values[0] if len(set(values)) == 1 else list(values)


def _above(network: keras.Model, tensor: keras.KerasTensor, cut: str) -> keras.Model:
    name = f"{network.name}_from_{cut}"
    if tensor is not network.output:
        return keras.Model(tensor, network.output, name=name)
    features = keras.Input(tensor.shape[1:], dtype=tensor.dtype)
    return keras.Model(features, keras.layers.Identity()(features), name=name)
