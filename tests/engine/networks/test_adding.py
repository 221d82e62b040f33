"""A network of your own is added from a file of Keras: it computes what it did there, and what cannot be used is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.engine.keras_networks import CUTS, saved, tiny, with_drawn_weights
from tl_core.backbones import BACKBONES, Backbone, added, facts
from tl_core.backbones.asked import Asked
from tl_core.engine.backend import keras
from tl_core.engine.networks import adding, weights
from tl_core.engine.networks import build as networks
from tl_core.engine.networks.adding import add, cuttable
from tl_core.errors import BadInput

layers = keras.layers

NAMES = ("block1", "block2", "block3")


@pytest.fixture(autouse=True)
def _few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size is built once."""
    monkeypatch.setattr(adding, "IMAGE_SIZES", (32, 48, 64))


@pytest.fixture(scope="module")
def original() -> keras.Model:
    return tiny()


def pixels(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")


def built(name: str, size: int) -> keras.Model:
    """The network of a row with its weights."""
    network = networks.build(BACKBONES[name], size)
    weights.load(network, BACKBONES[name], "pretrained", seed=0)
    return network


def added_as(folder: Path, model: keras.Model, cuts: tuple[str, ...] = CUTS, scaling: str = "0..255") -> str:
    """Adds a model to a models folder; the name of its row."""
    return add(folder, saved(model, folder / "mine.keras"), Asked("mine", scaling, cuts)).name


def refusal(folder: Path, model: keras.Model, cuts: tuple[str, ...] = CUTS) -> str:
    with pytest.raises(BadInput) as caught:
        added_as(folder, model, cuts)
    assert list(added.folder_of(folder, "").glob("*")) == []
    return str(caught.value)


def test_it_computes_what_the_network_in_the_file_computes_on_scaled_pixels(
    own_network: str, original: keras.Model
) -> None:
    network, inputs = built(own_network, 32), pixels(32)
    ends = [original.get_layer(cut.partition("=")[2]).output for cut in CUTS]
    expected = keras.Model(original.inputs, ends)(inputs / 255, training=False)
    found = keras.Model(network.inputs, [networks.cut_output(network, name) for name in NAMES])(inputs, training=False)
    for one, other in zip(found, expected, strict=True):
        assert np.ptp(other) > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(other).max())


def test_it_keeps_the_layers_below_the_head_alone_ready_to_train(own_network: str) -> None:
    network = networks.build(BACKBONES[own_network], 48)
    assert {"pooled", "classes"}.isdisjoint(layer.name for layer in network.layers)
    assert network.output.shape == (None, 6, 6, 16)
    assert all(layer.trainable and not layer.losses for layer in network.layers)


def test_its_facts_are_measured_at_every_size_that_it_takes(own_network: str, original: keras.Model) -> None:
    found = facts(own_network)
    assert BACKBONES[own_network].minimum_size == 32
    assert [block.name for block in found.blocks] == list(NAMES)
    assert [(block.channels, block.size_at(32), block.size_at(224)) for block in found.blocks] == [
        (8, (16, 16), (112, 112)),
        (8, (8, 8), (56, 56)),
        (16, (4, 4), (28, 28)),
    ]
    assert found.parameters == original.count_params() - original.get_layer("classes").count_params()
    assert found.blocks[0].macs_at(32) == 32 * 32 * 3 * 3 * 3 * 8


def test_the_layers_at_which_it_can_be_cut_are_those_that_give_maps_through_which_all_passes(
    original: keras.Model,
) -> None:
    found = cuttable(original)
    assert "branch" not in found
    assert {"classes", "pooled"}.isdisjoint(found)
    assert list(found)[:4] == ["conv_1", "norm_1", "relu_1", "pool_1"]
    assert found["sum"] == (None, 16, 16, 8)


def nested() -> keras.Model:
    """A base inside a `Sequential`, augmentation, pixels normalised by layers, a shortcut that is no layer, half precision, nothing trainable."""
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(image)
    x = x + layers.Conv2D(4, 3, padding="same", name="second")(x)
    base = keras.Model([image], layers.ReLU(name="end")(x), name="base")
    base.trainable = False
    scaled = layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[9.0, 16.0, 25.0], name="standard")
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(pixels(32) / 3)
    stack = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.RandomFlip(name="flipped"),
            layers.Rescaling(0.5, name="half"),
            adapted,
            scaled,
            base,
            keras.Sequential([layers.Conv2D(6, 1, name="third"), layers.MaxPooling2D(name="pool")], name="inner"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    return with_drawn_weights(stack)


def test_models_inside_are_taken_apart_layers_of_pixels_kept_and_augmentation_left_out(tmp_path: Path) -> None:
    model = nested()
    name, inputs = added_as(tmp_path, model, ("end", "pool")), pixels(32)
    expected = inputs
    for layer in model.layers[1:-2]:  # Called alone, Keras's augmentation acts.
        expected = np.asarray(layer(expected))
    found = np.asarray(built(name, 32)(inputs, training=False))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert isinstance(networks.build(BACKBONES[name], 32).get_layer("flipped"), layers.Identity)


@pytest.mark.long
def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tiny()
    finally:
        keras.config.set_dtype_policy("float32")
    network = built(added_as(tmp_path, model), 32)
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    assert np.ptp(np.asarray(network(pixels(32)))) > 0


def on(layer: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    """Two convolutions and what else stands on them."""
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, name="conv_1")(image)
    return keras.Model(image, layer(layers.Conv2D(4, 3, name="conv_2")(x)))


TWO = ("conv_1", "conv_2")


def test_code_in_a_file_is_refused(tmp_path: Path) -> None:
    model = on(layers.Lambda(lambda x: 2 * x, name="code"))
    assert "its layer 'code' contains a Lambda, which is code" in refusal(tmp_path, model, TWO)


@keras.saving.register_keras_serializable("mine")
class Doubled(layers.Layer):
    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return 2 * x


def test_a_layer_that_is_not_of_keras_is_refused_though_this_process_knows_it(tmp_path: Path) -> None:
    assert "needs 'mine>Doubled', which is not part of Keras" in refusal(tmp_path, on(Doubled()), TWO)


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    images = [keras.Input((32, 32, 3)) for _ in range(2)]
    assert "has 2 inputs" in refusal(tmp_path, keras.Model(images, layers.Add(name="sum")(images)))


def test_an_input_that_is_no_image_in_colour_is_refused(tmp_path: Path) -> None:
    grey = keras.Input((32, 32, 1))
    assert "(32, 32, 1), not (height, width, 3)" in refusal(tmp_path, keras.Model(grey, layers.Conv2D(4, 3)(grey)))


def test_an_input_of_any_size_needs_one_that_is_said(tmp_path: Path) -> None:
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 5, name="conv_2")(layers.Conv2D(4, 3, name="conv_1")(image))
    assert "--size: is missing" in refusal(tmp_path, keras.Model(image, x), TWO)
    made = add(tmp_path, tmp_path / "mine.keras", Asked("mine", "0..1", TWO, size=64))
    assert made.description.native_size == 64


def test_cuts_are_asked_with_those_that_are_possible(tmp_path: Path, original: keras.Model) -> None:
    said = refusal(tmp_path, original, ())
    assert "It can be cut at conv_1, norm_1, relu_1, pool_1, sum" in said
    assert "cannot be cut at 'branch'" in refusal(tmp_path, original, ("pool_1", "branch"))
    assert "cannot be cut at 'classes'" in refusal(tmp_path, original, ("pool_1", "classes"))
    assert "Did you mean pool_2 or pool_1" in refusal(tmp_path, original, ("pool_1", "pool_3"))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = tiny()
    model.get_layer("conv_3").kernel.assign(np.full((3, 3, 8, 16), np.nan))
    assert "some of its weights are NaN" in refusal(tmp_path, model)


def test_layers_much_larger_than_the_file_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    import zipfile

    model, path = on(layers.Conv2D(5, 3, name="large")), tmp_path / "mine.keras"
    whole = saved(model, tmp_path / "whole.keras")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(member, content.replace(b'"filters": 5', b'"filters": 500000000'))
    with pytest.raises(BadInput, match="weights of at least 37 GB"):
        add(tmp_path, path, Asked("mine", "0..1", TWO))


def test_weights_of_other_layers_are_refused(tmp_path: Path) -> None:
    import zipfile

    one = saved(on(layers.Conv2D(5, 3, name="top")), tmp_path / "one.keras")
    other = saved(on(layers.Conv2D(7, 3, name="top")), tmp_path / "other.keras")
    with (
        zipfile.ZipFile(one) as source,
        zipfile.ZipFile(other) as weights_of,
        zipfile.ZipFile(tmp_path / "mine.keras", "w") as target,
    ):
        for member in source.namelist():
            target.writestr(member, (weights_of if member.endswith(".h5") else source).read(member))
    with pytest.raises(BadInput, match="Keras cannot load it"):
        add(tmp_path, tmp_path / "mine.keras", Asked("mine", "0..1", TWO))


def test_layers_that_fit_one_size_alone_are_refused(tmp_path: Path) -> None:
    model = on(layers.Reshape((14, 14, 16), name="shaped"))
    said = refusal(tmp_path, model, ("conv_1", "shaped"))
    assert "do not take images of every size" in said
    assert "Cut it below" in said
    added_as(tmp_path, model, TWO)  # Below it, it can be cut.


def test_a_layer_with_a_name_of_the_lab_is_refused_unless_it_is_cut_off(tmp_path: Path) -> None:
    model = on(lambda x: layers.ReLU(name="classifier")(layers.ReLU(name="head_relu")(x)))
    assert "'head_relu' has a name that the lab gives" in refusal(tmp_path, model, ("conv_1", "classifier"))
    added_as(tmp_path, model, TWO)


@pytest.fixture(scope="module")
def small() -> Backbone:
    return BACKBONES["MobileNet-0.25"]


@pytest.mark.slow
def test_weights_alone_of_a_network_of_the_lab_become_a_row_with_its_layers(small: Backbone, tmp_path: Path) -> None:
    network = with_drawn_weights(networks.build(small, 32))
    path = tmp_path / "mine.weights.h5"
    network.save_weights(path)
    made = add(tmp_path, path, Asked("mine", "0..1", architecture=small.name))
    row = BACKBONES[made.name]
    assert row.cuts == small.cuts and row.scaling != small.scaling
    assert facts(made.name).parameters == facts(small.name).parameters
    loaded = built(made.name, 32)
    for one, other in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(BadInput, match="weights of"):
        add(tmp_path, path, Asked("other", "0..1", architecture="MobileNetV2-0.35"))
    assert not added.folder_of(tmp_path, "other").exists()


@pytest.mark.long
def test_a_file_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    name = added_as(tmp_path, tiny())
    row, network = BACKBONES[name], networks.build(BACKBONES[name], 32)
    saved(tiny(), Path(row.weights.file))
    with pytest.raises(BadInput, match="is not the file that was added"):
        weights.load(network, row, "pretrained", seed=0)
