"""The contract of every backbone: the same names each time, cuts that join again, the right scaling, facts that hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from tests.each import quick_first
from tl_core.backbones import BACKBONES, Backbone, facts
from tl_core.backbones.facts import BackboneFacts, from_json, image_sizes, to_json
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import facts as measuring
from tl_core.engine.networks.builders import OWN
from tl_core.errors import BadInput

every_row = pytest.mark.parametrize("backbone", BACKBONES, ids=BACKBONES.names)
two_rows = pytest.mark.parametrize(
    "backbone", quick_first(BACKBONES, BACKBONES["EfficientNetLite0"], BACKBONES["MobileNetV2"]), ids=BACKBONES.names
)
applications = keras.applications
PREPROCESS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"EfficientNetLite{number}": lambda x: (x - 127) / 128 for number in range(3)},
    "MobileNetV2": applications.mobilenet_v2.preprocess_input,
    "MobileNetV2PyTorch": partial(applications.imagenet_utils.preprocess_input, mode="torch"),
    "ResNet50": applications.resnet50.preprocess_input,
    "VGG16": applications.vgg16.preprocess_input,
    "InceptionV3": applications.inception_v3.preprocess_input,
    "Xception": applications.xception.preprocess_input,
}


def smallest(backbone: Backbone) -> int:
    return image_sizes(backbone)[0]


@cache
def network_of(name: str) -> keras.Model:
    return networks.build(BACKBONES[name], smallest(BACKBONES[name]))


def pixels(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")


def output(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(model(inputs, training=False))


@every_row
def test_every_cut_has_the_shape_its_facts_tell(backbone: Backbone) -> None:
    network, size = network_of(backbone.name), smallest(backbone)
    everything = keras.Model(network.input, [networks.cut_output(network, cut) for cut in backbone.cut_names])
    outputs = everything(pixels(size), training=False)
    for found, block in zip(outputs, facts(backbone.name).blocks, strict=True):
        assert tuple(found.shape) == (2, *block.size_at(size), block.channels)
    np.testing.assert_array_equal(outputs[-1], output(network, pixels(size)))


@two_rows
def test_both_halves_together_are_the_whole_at_the_first_middle_and_last_cut(backbone: Backbone) -> None:
    network, names = network_of(backbone.name), backbone.cut_names
    inputs = pixels(smallest(backbone))
    whole = output(network, inputs)
    assert np.ptp(whole) > 0
    for cut in (names[0], names[len(names) // 2], names[-1]):
        prefix, tail = networks.split(network, cut)
        np.testing.assert_allclose(output(tail, output(prefix, inputs)), whole, rtol=1e-6, atol=1e-6)
        assert prefix.count_params() + tail.count_params() == network.count_params()


@every_row
def test_pixels_are_scaled_as_the_family_does_it(backbone: Backbone) -> None:
    network, inputs = network_of(backbone.name), pixels(smallest(backbone))
    scaling = keras.Model(network.input, network.get_layer("scaling").output)
    expected = PREPROCESS[backbone.name](inputs.copy())
    np.testing.assert_allclose(output(scaling, inputs), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@two_rows
def test_a_network_is_saved_and_opened_again_by_plain_keras(backbone: Backbone, tmp_path: Path) -> None:
    network, inputs = network_of(backbone.name), pixels(smallest(backbone))
    network.save(tmp_path / "network.keras")
    opened = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_allclose(output(opened, inputs), output(network, inputs), rtol=1e-6, atol=1e-6)


@two_rows
def test_names_are_the_same_however_often_and_after_whatever_a_network_is_built(backbone: Backbone) -> None:
    first = [layer.name for layer in network_of(backbone.name).layers]
    keras.layers.Conv2D(1, 1)(keras.Input((4, 4, 1)))
    networks.build(BACKBONES["EfficientNetLite0"], 32)
    again = networks.build(backbone, smallest(backbone))
    assert [layer.name for layer in again.layers] == first
    assert not {id(layer) for layer in again.layers} & {id(layer) for layer in network_of(backbone.name).layers}


@every_row
def test_every_layer_is_in_one_block(backbone: Backbone) -> None:
    network = network_of(backbone.name)
    names = [layer.name for block in networks.blocks(network) for layer in block]
    assert sorted(names) == sorted(layer.name for layer in network.layers)


@pytest.mark.slow
@every_row
def test_the_facts_on_file_are_those_of_the_networks(backbone: Backbone) -> None:
    sizes = (150, backbone.native_size)  # 150: odd sides on the way, where padding differs
    found, kept = measuring.measure(backbone, sizes), facts(backbone.name)
    assert to_json(found) == to_json(at(kept, sizes))


def at(found: BackboneFacts, sizes: tuple[int, ...]) -> BackboneFacts:
    columns = to_json(found)
    places = [columns["image_sizes"].index(size) for size in sizes]
    for block in columns["blocks"]:
        block["sides"] = [block["sides"][place] for place in places]
        block["macs"] = [block["macs"][place] for place in places]
    return from_json(found.name, {**columns, "image_sizes": list(sizes)})


@every_row
def test_an_image_too_small_is_refused_with_the_smallest_allowed(backbone: Backbone) -> None:
    with pytest.raises(BadInput, match=f"{backbone.minimum_size} pixels or more"):
        networks.build(backbone, backbone.minimum_size - 1)


def test_a_network_is_float32_whatever_the_policy_of_the_process() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = networks.build(BACKBONES["EfficientNetLite0"], 32)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


def test_an_unknown_cut_lists_near_names() -> None:
    with pytest.raises(BadInput, match="Did you mean block4"):
        networks.cut_output(network_of("EfficientNetLite0"), "blok4")


def test_a_row_is_built_by_keras_or_by_a_function_of_the_lab() -> None:
    assert set(OWN) == {backbone.name for backbone in BACKBONES if backbone.application is None}


def test_calling_a_half_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    prefix, tail = networks.split(network_of("InceptionV3"), "mixed7")
    output(tail, output(prefix, pixels(smallest(BACKBONES["InceptionV3"]))))
    assert not [str(warning.message) for warning in recwarn if "structure" in str(warning.message)]
