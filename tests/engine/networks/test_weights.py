"""Weights end up in the network they are for, or the message says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.each import quick_first
from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.weights import location
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import weights
from tl_core.errors import BadInput, RunFailed

LITE, MOBILE = BACKBONES["EfficientNetLite0"], BACKBONES["MobileNetV2"]


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def original() -> keras.Model:
    """MobileNetV2 as Keras itself builds it, without our scaling: its files must fit ours."""
    return keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture(scope="module")
def narrow() -> keras.Model:
    """MobileNetV2 of a width that is none of the table."""
    return keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.6)


@pytest.fixture(scope="module")
def built() -> keras.Model:
    return networks.build(MOBILE, 32)


@pytest.fixture
def network(built: keras.Model) -> keras.Model:
    """MobileNetV2 without the weights that the test before may have loaded."""
    built.set_weights([np.zeros_like(values) for values in built.get_weights()])
    return built


def write_as_keras_published(model: keras.Model, path: Path, called: Callable[[str], str] = str) -> None:
    """The layout of the files of keras.applications: a group a layer, in the order of the layers."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [called(layer.name).encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(called(layer.name))
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, values in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=values)


def test_pretrained_fills_every_weight_of_the_default_backbone() -> None:
    first, second = networks.build(LITE, 32), networks.build(LITE, 64)
    identity = weights.load(first, LITE, "pretrained", seed=0)
    assert weights.load(second, LITE, "bundled", seed=1) == identity
    assert same(first, second)


def test_a_published_file_is_downloaded_once_and_loaded(
    original: keras.Model, network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(MOBILE, weights=replace(MOBILE.weights, file="planted_no_top.h5"))
    write_as_keras_published(original, tmp_path / "planted_no_top.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TL_WEIGHTS_URL", tmp_path.as_uri())
    identity = weights.load(network, row, "imagenet", seed=0)
    assert same(network, original)
    (tmp_path / "planted_no_top.h5").unlink()
    assert weights.load(network, row, "pretrained", seed=1) == identity


def test_a_download_that_fails_leaves_the_network_as_it_was(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TL_WEIGHTS_URL", tmp_path.as_uri())
    before = network.get_weights()
    with pytest.raises(RunFailed, match="EfficientNetLite0"):
        weights.load(network, MOBILE, "imagenet", seed=0)
    assert all(map(np.array_equal, before, network.get_weights()))
    assert not location(MOBILE.weights).exists()


@pytest.mark.parametrize("name", ["own.weights.h5", "own.h5"])
def test_a_file_of_ones_own_is_loaded(original: keras.Model, network: keras.Model, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    original.save_weights(path) if name.endswith(".weights.h5") else write_as_keras_published(original, path)
    weights.load(network, MOBILE, f"file:{path}", seed=0)
    assert same(network, original)


@pytest.mark.parametrize("name", ["narrow.weights.h5", "narrow.h5"])
def test_a_file_of_another_width_is_refused_with_both_shapes_in_one_line(
    narrow: keras.Model, network: keras.Model, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    narrow.save_weights(path) if name.endswith(".weights.h5") else write_as_keras_published(narrow, path)
    with pytest.raises(BadInput, match=r"\(3, 3, 3, 32\).*\(3, 3, 3, 24\)") as error:
        weights.load(network, MOBILE, f"file:{path}", seed=0)
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["small.weights.h5", "small.h5"])
def test_a_file_of_another_network_is_refused(network: keras.Model, tmp_path: Path, name: str) -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="one")])
    path = tmp_path / name
    other.save_weights(path) if name.endswith(".weights.h5") else write_as_keras_published(other, path)
    with pytest.raises(BadInput, match="does not contain weights of MobileNetV2"):
        weights.load(network, MOBILE, f"file:{path}", seed=0)


@pytest.mark.parametrize("name", ["keras.weights.h5", "keras.h5"])
def test_a_file_of_a_network_of_the_same_shapes_is_refused_by_its_layers(
    original: keras.Model, tmp_path: Path, name: str
) -> None:
    """PyTorch's and Keras's MobileNetV2 differ in scaling and padding, not in shapes: loaded, the weights would be wrong silently."""
    path, twin = tmp_path / name, BACKBONES["MobileNetV2PyTorch"]
    original.save_weights(path) if name.endswith(".weights.h5") else write_as_keras_published(original, path)
    network = networks.build(twin, 32)
    before = network.get_weights()
    with pytest.raises(
        BadInput, match="these are the weights of MobileNetV2, the spec says MobileNetV2PyTorch"
    ) as error:
        weights.load(network, twin, f"file:{path}", seed=0)
    assert "\n" not in str(error.value)
    assert all(map(np.array_equal, before, network.get_weights()))


@pytest.mark.parametrize("name", ["later.weights.h5", "later.h5"])
def test_a_file_whose_unnamed_layers_were_counted_further_is_loaded(tmp_path: Path, name: str) -> None:
    def layer(number: int) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name=f"dense_{number}")])

    later, path = layer(7), tmp_path / name
    later.save_weights(path) if name.endswith(".weights.h5") else write_as_keras_published(later, path)
    first = layer(1)
    weights.refuse_other_layers(first, "this", path)
    first.load_weights(path)
    assert same(first, later)


def test_a_file_whose_layers_another_version_of_keras_called_otherwise_is_loaded(tmp_path: Path) -> None:
    """Slashes became underscores, and unnamed layers were counted from one. What the shapes say is certain."""
    row, path = BACKBONES["MobileNet-0.25"], tmp_path / "old.h5"
    theirs, ours = networks.build(row, 32), networks.build(row, 32)
    write_as_keras_published(theirs, path, lambda name: f"old/{name}")
    assert not same(theirs, ours)
    weights.load(ours, row, f"file:{path}", seed=0)
    assert same(theirs, ours)


def test_a_file_that_is_no_hdf5_is_refused(network: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "own.h5").write_bytes(b"not a file of weights")
    with pytest.raises(BadInput, match=r"own\.h5 does not contain"):
        weights.load(network, MOBILE, f"file:{tmp_path / 'own.h5'}", seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "backbone",
    quick_first([MOBILE, *(BACKBONES[name] for name in ("Xception", "ConvNeXtTiny", "EfficientNetB0"))], MOBILE),
    ids=lambda row: row.name,
)
def test_random_weights_are_a_function_of_the_seed_alone(backbone: Backbone) -> None:
    first = networks.build(backbone, backbone.minimum_size)
    weights.load(first, backbone, "random", seed=3)
    keras.utils.set_random_seed(99)
    second = networks.build(backbone, backbone.minimum_size + 32)
    weights.load(second, backbone, "random", seed=3)
    assert same(first, second)
    stem, _ = networks.split(second, backbone.cut_names[0])
    weights.load(stem, backbone, "random", seed=4)
    assert not same(first, second)


def test_random_weights_differ_between_layers_of_the_same_shape() -> None:
    network = networks.build(LITE, 32)
    weights.load(network, LITE, "random", seed=0)
    one, other = (network.get_layer(f"block6{letter}_expand_conv").get_weights()[0] for letter in "bc")
    assert one.shape == other.shape
    assert not np.array_equal(one, other)


def test_a_damaged_bundled_file_is_refused() -> None:
    row = replace(LITE, weights=replace(LITE.weights, checksum="0" * 32))
    with pytest.raises(RunFailed, match="reinstall their package"):
        weights.load(networks.build(LITE, 32), row, "bundled", seed=0)
