"""Bundled weights are ImageNet's, and the networks compute with them what PyTorch or TensorFlow would."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

from tests.bundled import BUNDLED, with_weights
from tests.engine.networks import torch_reference
from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.checksums import matches
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE, TORCH, Scaling
from tl_core.backbones.weights import location
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import (
    efficientnet_lite,
    torch_archive,
    torch_weights,
    weights,
)
from tl_core.engine.networks.builders import OWN
from tl_core.errors import RunFailed

PHOTOS = ("china.jpg", "flower.jpg")
PALACE, DAISY, HONEYCOMB = 698, 985, 599
"""Classes of ImageNet. The photos show a palace, and a dahlia, which ImageNet lacks: petals around a centre, or cells."""
NEVER_TRAINED = ("num_batches_tracked", "_fc.weight", "_fc.bias")
"""Tensors that no layer of a backbone has: counters, and the classifier."""


@cache
def tensors_of(name: str) -> dict[str, np.ndarray]:
    return torch_archive.read(location(BACKBONES[name].weights))


def photo(name: str, size: int, centering: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    image = ImageOps.fit(Image.fromarray(load_sample_image(name)), (size, size), Image.Resampling.BICUBIC, 0, centering)
    return np.asarray(image, dtype="float32")


def scaled(pixels: np.ndarray, scaling: Scaling) -> np.ndarray:
    assert scaling.order == "rgb"
    return ((pixels - np.array(scaling.mean)) * np.array(scaling.scale)).astype("float32")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        with_weights("EfficientNetLite0", (PALACE, DAISY)),
        with_weights("EfficientNetLite1", (PALACE, DAISY), long=True),
        with_weights("EfficientNetLite2", (PALACE, HONEYCOMB), long=True),
    ],
)
def test_the_weights_know_what_is_in_a_photo(name: str, expected: tuple[int, int]) -> None:
    row = BACKBONES[name]
    network = efficientnet_lite.with_classifier(networks.build(row, row.native_size))
    torch_weights.load(network, location(row.weights), OWN[name].names)
    logits = network(np.stack([photo(each, row.native_size) for each in PHOTOS]), training=False)
    assert tuple(np.argmax(logits, axis=-1)) == expected


@pytest.mark.parametrize(
    "name", [with_weights(name, long=name in ("EfficientNetLite0", "EfficientNetLite1")) for name in BUNDLED]
)
def test_a_network_computes_what_its_archive_says_and_uses_all_of_it(name: str) -> None:
    row, size = BACKBONES[name], 64
    network = networks.build(row, size)
    weights.load(network, row, "bundled", seed=0)
    pixels = photo("china.jpg", size)
    layout = torch_reference.PYTORCH if row.scaling == TORCH else torch_reference.LITE
    expected = torch_reference.features(tensors_of(name), layout, scaled(pixels, row.scaling))
    found = np.asarray(network(pixels[None], training=False))[0]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    numbers = {key: values.size for key, values in tensors_of(name).items() if not key.endswith(NEVER_TRAINED)}
    assert network.count_params() == sum(numbers.values())


@pytest.mark.parametrize("name", [with_weights(name) for name in BUNDLED])
def test_the_file_is_the_one_its_sum_was_written_down_for(name: str) -> None:
    file = BACKBONES[name].weights
    assert file.checksum
    assert matches(location(file), file.checksum)
    assert location(file).stat().st_size / 1e6 == pytest.approx(file.megabytes, abs=0.1)


@cache
def small_lite0() -> keras.Model:
    return networks.build(BACKBONES["EfficientNetLite0"], 32)


@pytest.mark.parametrize("name", [with_weights(name) for name in BUNDLED if name != "EfficientNetLite0"])
def test_an_archive_of_another_network_is_refused_and_changes_nothing(name: str) -> None:
    before = small_lite0().get_weights()
    with pytest.raises(RunFailed, match="does not contain weights of EfficientNetLite0"):
        torch_weights.load(small_lite0(), location(BACKBONES[name].weights), OWN["EfficientNetLite0"].names)
    assert all(map(np.array_equal, before, small_lite0().get_weights()))


@pytest.mark.long
@pytest.mark.parametrize("name", [with_weights("MobileNetV2PyTorch")])
def test_photos_have_the_batch_statistics_of_the_training_only_in_the_scaling_of_the_row(name: str) -> None:
    """Its file has no classifier to ask. But every norm stores the mean over ImageNet's photos, and other pixels would move it."""
    row, corners = BACKBONES[name], [(x, y) for x in (0.0, 1.0) for y in (0.0, 1.0)]
    photos = np.stack([photo(each, 224, corner) for each in PHOTOS for corner in corners])
    right = distance(row, photos)
    assert right < 0.25
    assert right < 0.9 * distance(replace(row, scaling=MINUS_ONE_TO_ONE), photos)


def distance(row: Backbone, photos: np.ndarray) -> float:
    """How far the means at the norms are from the stored ones, in stored deviations: root mean square, averaged over the norms."""
    network = networks.build(row, photos.shape[1])
    weights.load(network, row, "bundled", seed=0)
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    found = keras.Model(network.input, [norm.input for norm in norms])(photos, training=False)
    return float(np.mean([_shift(norm, np.asarray(values)) for norm, values in zip(norms, found, strict=True)]))


def _shift(norm: keras.layers.BatchNormalization, values: np.ndarray) -> float:
    squares = (values.mean((0, 1, 2)) - np.asarray(norm.moving_mean)) ** 2
    return float(np.sqrt(np.mean(squares / (np.asarray(norm.moving_variance) + norm.epsilon))))
