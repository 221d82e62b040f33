"""The contract of every backbone: the same names each time, cuts that join again, Keras's numbers from Keras's files, facts that hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.each import quick_first
from tl_core.backbones import BACKBONES, Application, Backbone, added, facts, stored
from tl_core.backbones.facts import BackboneFacts, from_json, image_sizes, to_json
from tl_core.backbones.table import ROWS
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import facts as measuring
from tl_core.engine.networks import weight_shapes, weights
from tl_core.engine.networks.builders import OWN
from tl_core.engine.networks.keras_networks import check_scaling
from tl_core.engine.seeds import reseed
from tl_core.errors import BadInput

# Not by statements, which would load Keras before `backend` sets it up.
file_utils = import_module("keras.src.utils.file_utils")
legacy_h5_format = import_module("keras.src.legacy.saving.legacy_h5_format")

QUICK = ("EfficientNetLite0", "MobileNetV3Small", "EfficientNetB0")
"""Built by the lab; by Keras, with operations that are no layers; a copy without Keras's scaling."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels; Keras's files of EfficientNet contain them as mean and variance."""


def rows(*quick: str) -> list[Any]:
    return quick_first(BACKBONES, *(BACKBONES[name] for name in quick))


YOURS = "a network of your own"


@pytest.fixture(scope="module", params=[*rows(*QUICK), YOURS], ids=lambda row: getattr(row, "name", YOURS))
def network(request: pytest.FixtureRequest) -> keras.Model:
    """Built once for all checks of a row, and gone before the next."""
    row = _yours(request) if request.param == YOURS else request.param
    keras.utils.set_random_seed(0)
    return networks.build(row, smallest(row))


def _yours(request: pytest.FixtureRequest) -> Backbone:
    added.use(request.getfixturevalue("shared_models"))
    return BACKBONES[request.getfixturevalue("_own_network")]


@pytest.fixture(autouse=True)
def _yours_in_use(shared_models: Path) -> None:
    added.use(shared_models)


@pytest.fixture
def backbone(network: keras.Model) -> Backbone:
    return networks.backbone_of(network)


@pytest.fixture(scope="module")
def lite() -> keras.Model:
    return networks.build(BACKBONES["EfficientNetLite0"], 32)


def smallest(backbone: Backbone) -> int:
    return image_sizes(backbone)[0]


def pixels(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")


def output(model: keras.Model, inputs: np.ndarray, training: bool = False) -> np.ndarray:
    return np.asarray(model(inputs, training=training))


def test_every_cut_has_the_shape_its_facts_tell(network: keras.Model, backbone: Backbone) -> None:
    size = smallest(backbone)
    everything = keras.Model(network.input, [networks.cut_output(network, cut) for cut in backbone.cut_names])
    outputs = everything(pixels(size), training=False)
    for found, block in zip(outputs, facts(backbone.name).blocks, strict=True):
        assert tuple(found.shape) == (2, *block.size_at(size), block.channels)
    np.testing.assert_array_equal(outputs[-1], output(network, pixels(size)))


def test_both_halves_together_are_the_whole_at_the_first_middle_and_last_cut(
    network: keras.Model, backbone: Backbone
) -> None:
    names, inputs = backbone.cut_names, pixels(smallest(backbone))
    whole = output(network, inputs)
    assert np.ptp(whole) > 0
    for cut in dict.fromkeys((names[0], names[len(names) // 2], names[-1])):
        prefix, tail = networks.split(network, cut)
        np.testing.assert_allclose(output(tail, output(prefix, inputs)), whole, rtol=1e-6, atol=1e-6)
        assert prefix.count_params() + tail.count_params() == network.count_params()


def test_nothing_random_is_left_once_an_epoch_has_seeded_the_layers(network: keras.Model, backbone: Backbone) -> None:
    """So a run that is resumed trains as it would have: what a network draws is a function of seed and epoch."""
    inputs, drawn = pixels(smallest(backbone)), []
    before = network.get_weights()
    for epoch in (1, 1, 2):
        network.set_weights(before)  # Training moves batch statistics.
        reseed(network, 5, epoch)
        drawn.append(output(network, inputs, training=True))
    network.set_weights(before)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    random = any(isinstance(layer, keras.layers.Dropout) for layer in network.layers)
    assert np.array_equal(drawn[0], drawn[2]) is not random
    assert "stochastic depth" in backbone.help or not random


@pytest.mark.slow
def test_a_network_is_saved_and_opened_again_by_plain_keras(
    network: keras.Model, backbone: Backbone, tmp_path: Path
) -> None:
    inputs = pixels(smallest(backbone))
    network.save(tmp_path / "network.keras")
    opened = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    np.testing.assert_allclose(output(opened, inputs), output(network, inputs), rtol=1e-6, atol=1e-6)


def test_names_are_the_same_however_often_and_after_whatever_a_network_is_built(
    network: keras.Model, backbone: Backbone
) -> None:
    keras.layers.Conv2D(1, 1)(keras.Input((4, 4, 1)))
    again = networks.outline(backbone, backbone.native_size)
    assert [layer.name for layer in again.layers] == [layer.name for layer in network.layers]
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in network.weights]
    assert not {id(layer) for layer in again.layers} & {id(layer) for layer in network.layers}


def test_every_layer_is_in_one_block_and_no_model_is_a_layer(network: keras.Model) -> None:
    names = [layer.name for block in networks.blocks(network) for layer in block]
    assert sorted(names) == sorted(layer.name for layer in network.layers)
    assert not [layer.name for layer in network.layers if isinstance(layer, keras.Model)]


def test_the_facts_on_file_are_those_of_the_networks(network: keras.Model, backbone: Backbone) -> None:
    sizes = (150, backbone.native_size)  # 150: odd sides on the way, where padding differs
    found, kept = measuring.measure(backbone, sizes), facts(backbone.name)
    assert to_json(found) == to_json(at(kept, sizes))
    assert kept.parameters == network.count_params()


def test_the_shapes_on_file_by_which_weights_are_recognised_are_those_of_the_networks(
    network: keras.Model, backbone: Backbone, tmp_path: Path
) -> None:
    if backbone.digest:
        pytest.skip("a network of your own is recognised by its own checksum")
    assert stored.known_digests()[backbone.name] == weight_shapes.digests(backbone)
    network.save_weights(tmp_path / "saved.weights.h5")
    assert stored.networks_of(stored.read(tmp_path / "saved.weights.h5")) == (backbone.name,)


def at(found: BackboneFacts, sizes: tuple[int, ...]) -> BackboneFacts:
    columns = to_json(found)
    places = [columns["image_sizes"].index(size) for size in sizes]
    for block in columns["blocks"]:
        block["sides"] = [block["sides"][place] for place in places]
        block["macs"] = [block["macs"][place] for place in places]
    return from_json(found.name, {**columns, "image_sizes": list(sizes)})


def test_an_image_too_small_is_refused_with_the_smallest_allowed(network: keras.Model, backbone: Backbone) -> None:
    assert network.input.shape[1] >= backbone.minimum_size
    with pytest.raises(BadInput, match=f"{backbone.minimum_size} pixels or more"):
        networks.build(backbone, backbone.minimum_size - 1)


def called(application: Application, weights: str | None, size: int) -> keras.Model:
    """Keras's network with whatever scaling it has inside."""
    arguments = {name: value for name, value in application.arguments if name != "include_preprocessing"}
    function = getattr(keras.applications, application.function)
    return function(include_top=False, weights=weights, input_shape=(size, size, 3), **arguments)


def publish(application: Application, size: int, path: Path) -> None:
    """Writes a file as Keras publishes them, with random weights and statistics."""
    original, dice = called(application, None, size), np.random.default_rng(1)
    for layer in original.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.set_weights([np.float32(MEAN), np.float32(DEVIATION), np.int32(0)])
            continue
        for weight in layer.weights:
            if len(weight.shape) == 1:
                factor = weight.name in ("gamma", "moving_variance")
                weight.assign(dice.uniform(0.5, 1.5, weight.shape) if factor else dice.normal(0, 0.1, weight.shape))
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, original)


@pytest.mark.slow
def test_with_the_file_that_keras_asks_for_it_gives_what_keras_gives(
    network: keras.Model, backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves scaling of pixels, architecture and loading at once, and the address of the file.

    In both layouts: the legacy one, which Keras publishes, and that of Keras 3.
    """
    if backbone.application is None:
        pytest.skip("not a network of Keras")
    size, path, asked = smallest(backbone), tmp_path / "published.h5", {}

    def planted(file: str, address: str, cache_subdir: str, file_hash: str = "") -> str:
        asked.update(file=file, url=address, checksum=file_hash)
        return str(path)

    publish(backbone.application, size, path)
    monkeypatch.setattr(file_utils, "get_file", planted)
    theirs = called(backbone.application, "imagenet", size)
    assert asked == {name: getattr(backbone.weights, name) for name in asked}
    preprocess = sys.modules[getattr(keras.applications, backbone.application.function).__module__].preprocess_input
    expected = output(theirs, preprocess(pixels(size)))
    kept = network.get_weights()
    assert np.ptp(expected) > 0
    theirs.save_weights(tmp_path / "saved.weights.h5")
    for file in (path, tmp_path / "saved.weights.h5"):
        assert stored.networks_of(stored.read(file)) == (backbone.name,)
        network.set_weights(kept)
        weights.load(network, backbone, f"file:{file}", seed=0)
        found = output(network, pixels(size))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
    network.set_weights(kept)
    assert path.stat().st_size / 1e6 == pytest.approx(backbone.weights.megabytes, rel=0.05, abs=0.1)


def test_a_network_is_float32_whatever_the_policy_of_the_process() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = networks.build(BACKBONES["EfficientNetLite0"], 32)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


def test_an_unknown_cut_lists_near_names(lite: keras.Model) -> None:
    with pytest.raises(BadInput, match="Did you mean block4"):
        networks.cut_output(lite, "blok4")


def test_a_file_of_pixels_scaled_otherwise_is_refused() -> None:
    """Of EfficientNet that was trained from random weights: Keras leaves its pixels between 0 and 1."""
    layer, row = keras.layers.Normalization(), BACKBONES["EfficientNetB0"]
    layer.build((None, 32, 32, 3))
    with pytest.raises(ValueError, match=r"mean \[0\. 0\. 0\.\]"):
        check_scaling(layer, row.scaling)
    layer.set_weights([np.float32(MEAN), np.square(np.float32(DEVIATION)), np.int32(0)])
    layer.finalize_state()
    with pytest.raises(ValueError, match="not as ImageNet's"):
        check_scaling(layer, row.scaling)
    layer.set_weights([np.float32(MEAN), np.float32(DEVIATION), np.int32(0)])
    layer.finalize_state()
    check_scaling(layer, row.scaling)


PREPROCESS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{f"EfficientNetLite{number}": lambda x: (x - 127) / 128 for number in range(3)},
    "MobileNetV2PyTorch": partial(keras.applications.imagenet_utils.preprocess_input, mode="torch"),
}


@pytest.mark.parametrize("name", OWN)
def test_a_network_of_the_lab_takes_the_pixels_that_its_weights_were_trained_on(name: str) -> None:
    inputs = keras.Input((4, 4, 3))
    scaling = keras.Model(inputs, networks.scaled(inputs, BACKBONES[name].scaling))
    np.testing.assert_allclose(output(scaling, pixels(4)), PREPROCESS[name](pixels(4)), rtol=1e-6, atol=1e-6)


def test_a_row_is_built_by_keras_or_by_a_function_of_the_lab() -> None:
    assert set(OWN) == {backbone.name for backbone in ROWS if backbone.application is None}


def test_calling_a_half_gives_no_warning(recwarn: pytest.WarningsRecorder, lite: keras.Model) -> None:
    prefix, tail = networks.split(lite, "block5")
    output(tail, output(prefix, pixels(32)))
    assert not [str(warning.message) for warning in recwarn if "structure" in str(warning.message)]
